"""What a person looks at beside the report: maps, sheets, figures, preview."""
