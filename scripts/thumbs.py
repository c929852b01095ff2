from camtrap.core.logs import job

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    from camtrap.review.thumbs import make

    print(make(snakemake.input[0], snakemake.output[0]), "small pictures")
