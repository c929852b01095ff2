from camtrap.core.files import read_json, read_parquet
from camtrap.core.logs import job
from camtrap.core.paths import Roots
from camtrap.crop.geometry import cut, of_crop
from camtrap.embed.models import Embedder, preprocess
from camtrap.pictures.decode import load
from camtrap.show.preview import choose, preview

with job(snakemake.log[0], snakemake.threads, snakemake.input, snakemake.output):
    options, geometry = snakemake.params.options, snakemake.params.crop
    embedder = Embedder(**read_json(snakemake.input.embedder))
    roots = Roots(snakemake.config["images"])
    images, crops = (read_parquet(snakemake.input[name]).to_pandas() for name in ("images", "crops"))
    problems = preview(
        choose(crops, options["n"], options["pictures"], images, snakemake.params.seed),
        lambda path: load(roots, path),
        lambda picture, box: cut(picture, box, **of_crop(picture, geometry)),
        lambda crop: preprocess(crop, embedder),
        snakemake.output[0],
        embedder.mean,
        embedder.std,
    )
    for path, reason in problems:
        print(f"{path}: {reason}")
