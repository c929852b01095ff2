"""What every stage uses: files, logs, locks, threads, paths."""
