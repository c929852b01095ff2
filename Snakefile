# camtrap: from a heap of camera-trap pictures to groups that an expert can name.
#
#   pictures -> plan -> index -> detect -> crop -> embed      one job per shard, once
#            -> collect -> reduce -> cluster -> project, represent, evaluate -> report, export
from snakemake.utils import min_version

min_version("9.23")


configfile: f"{workflow.current_basedir}/config/config.yaml"


report: "report/workflow.rst"


# With --sdm apptainer; a site builds it from the Containerfile. Snakemake takes no image whose path has a blank, and refuses
# it where no container is wanted, too.
if " " not in str(workflow.current_basedir):

    container: f"{workflow.current_basedir}/camtrap.sif"


include: "rules/common.smk"
include: "rules/guard.smk"


wildcard_constraints:
    shard="[A-Za-z0-9_]+-[0-9]{5}-[0-9a-f]{8}",


include: "rules/index.smk"
include: "rules/detect.smk"
include: "rules/crop.smk"
include: "rules/embed.smk"
include: "rules/collect.smk"
include: "rules/cluster.smk"
include: "rules/evaluate.smk"
include: "rules/show.smk"
include: "rules/label.smk"
include: "rules/export.smk"
include: "rules/export_pictures.smk"
include: "rules/report.smk"


localrules:
    all,
    find_detector,
    find_embedder,


onsuccess:
    say_what_came_of_it()


onerror:
    put_back_lookups()


rule all:
    default_target: True
    input:
        f"{RESULTS}/report/report.html",
        exports(),
        documented(),
