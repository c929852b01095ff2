"""The report's sentences: what the numbers mean, in plain words."""

import re
from calendar import month_name
from datetime import datetime

from camtrap.cluster.methods import registry
from camtrap.detect.registry import BACKENDS
from camtrap.report.gather import Survey
from camtrap.show.paper import ROLES as ROLES

CATEGORIES = {
    "animal": ("animals", "an animal was found"),
    "person": ("people", "a person was found, and no animal"),
    "vehicle": ("vehicles", "a vehicle was found, and no animal or person"),
    "empty": ("empty", "nothing was found above the threshold"),
    "failed": ("failed", "the file could not be read or used"),
    "duplicate": ("duplicates", "a copy, byte for byte, of a file that is counted above"),
}

# What a detector's backend cannot tell.
CANNOT = {name: backend.cannot for name, backend in BACKENDS.items() if backend.cannot}

METHODS = {name: method.title for name, method in registry.ALL.items()}

CLOCKS = {
    "epoch": "never set, or after the file's own time",
    "future": "in the future",
    "outside deployment": "outside the deployment",
    "jumps back": "out of order",
    "two deployments": "fits two rows of the table of stations",
}

FACTORS = {
    "station": ("the station", "stations"),
    "infrared": ("infrared or colour (night or day)", "modes"),
    "camera": ("the camera", "cameras"),
    "batch": ("the memory card", "cards"),
}

SCORES = {
    "ami": ("AMI", "adjusted mutual information: 0 is chance, 1 is perfect agreement"),
    "ari": ("ARI", "adjusted Rand index: 0 is chance, 1 is perfect agreement"),
    "homogeneity": ("Homogeneity", "1 where each cluster holds one species only"),
    "completeness": ("Completeness", "1 where each species lies in one cluster only"),
    "v_measure": ("V-measure", "mean of homogeneity and completeness"),
    "fowlkes_mallows": ("Fowlkes-Mallows", "precision and recall of the pairs of crops, in one number"),
    "pair_jaccard": (
        "Pair Jaccard",
        "pairs that are together in both, as a share of the pairs that are together in either",
    ),
    "macro_jaccard_majority": ("Macro Jaccard", "each cluster named by its majority; mean over the species"),
    "macro_f1_majority": ("Macro F1", "each cluster named by its majority; mean over the species"),
    "macro_f1_hungarian": ("Macro F1, one to one", "each species matched to one cluster; mean over the species"),
    "hungarian_accuracy": (
        "Accuracy, one to one",
        "share of crops that are right when each species is matched to one cluster",
    ),
    "purity": ("Purity", "share of crops that are of the majority of their cluster"),
    "inverse_purity": ("Inverse purity", "share of crops in the cluster that holds most of their species"),
    "species_recalled": ("Species recalled", "share of the species that are the majority of some cluster"),
}


K_SCORES = {
    "silhouette": "Silhouette",
    "simplified_silhouette": "Simplified silhouette",
    "davies_bouldin": "Davies-Bouldin",
    "calinski_harabasz": "Calinski-Harabasz",
    "bic": "BIC",
    "icl": "ICL",
    "stability": "Stability",
    "inertia": "Inertia",
}


def number(n: int) -> str:
    """1234567 as "1,234,567"."""
    return f"{n:,}"


def count(n: int, one: str, many: str | None = None) -> str:
    """ "1 crop", "2 crops"."""
    return f"{number(n)} {one if n == 1 else many or one + 's'}"


def date(day: datetime | None) -> str:
    """ "2 March 2024"; empty where there is none."""
    return "" if day is None or day != day else f"{day.day} {month_name[day.month]} {day.year}"


def period(first: datetime | None, last: datetime | None) -> str:
    """ "2 to 9 March 2024", as short as it can be said."""
    if first is None or last is None or first != first:
        return ""
    if first.date() == last.date():
        return date(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {date(last)}"
    if first.year == last.year:
        return f"{first.day} {month_name[first.month]} to {date(last)}"
    return f"{date(first)} to {date(last)}"


def percent(share: float | None) -> str:
    """A share as a whole percentage; not 0 or 100 % where it is not quite."""
    if share is None or share != share:
        return "unknown"
    if 0 < share < 0.005:
        return "< 1 %"
    if 0.995 <= share < 1:
        return "> 99 %"
    return f"{100 * share:.0f} %"


def named(survey: Survey) -> str:
    """How many clusters the expert has named."""
    n, k = len(survey.names), survey.choice["k"]
    return f"{number(n)} of {count(k, 'cluster')} {'has a name' if n == 1 else 'have names'}."


HOW = {"looked at": "looked at", "cluster": "named with their group", "carried over": "carried over to new pictures"}


def naming(said: dict) -> str:
    """How many crops have a name, how they came to it, and what is left."""
    if not said["crops"]:
        return "There is no crop to name."
    if said["open"] == said["crops"]:
        return f"{count(said['crops'], 'crop')}, and no name yet."
    text = f"{number(said['named'])} of {count(said['crops'], 'crop')} {'has' if said['named'] == 1 else 'have'} a name"
    ways = ", ".join(f"{number(n)} {HOW.get(way, way)}" for way, n in said["how"])
    text += f" ({ways})" if ways else ""
    rest = [f"{number(said[state])} {state}" for state in ("rejected", "unsure") if said[state]]
    rest += [f"{number(said['open'])} without a name"] if said["open"] else []
    return f"{'; '.join([text, ', '.join(rest)] if rest else [text])}."


def headline(survey: Survey) -> str:
    """The result in one or two sentences."""
    found, k, noise = survey.counts["found"], survey.choice["k"], survey.choice["noise"]
    if not found:
        return "No picture was found."
    when = period(survey.pictures.days["day"].min(), survey.pictures.days["day"].max())
    stations = survey.counts["stations"]
    text = count(found, "picture") + (f" from {count(stations, 'station')}" if stations else "")
    text += f", {when}: " if when else ": "
    animals = survey.counts["categories"]["animal"]
    if not animals:
        return text + "no animal was found in any of them."
    text += count(animals, "shows an animal", "show animals")
    if survey.timed:
        events = survey.pictures.events["event"].nunique()
        text += f", in {count(events, 'visit')}. "
    else:
        text += ". No picture has a time, so that nothing is said of visits, hours and days. "
    clustered = int(survey.crops["cluster"].notna().sum())
    if not clustered:
        return text + "There was nothing to cluster."
    text += f"{count(clustered - noise, 'crop falls', 'crops fall')} into {count(k, 'cluster')}"
    return text + (f"; {count(noise, 'crop fits', 'crops fit')} none of them." if noise else ".")


def total(counts: dict) -> str:
    """The sum as a sum: "390 + 29 + … = 851"."""
    return " + ".join(number(counts["categories"][name]) for name in CATEGORIES) + f" = {number(counts['found'])}"


def clustered_sum(survey: Survey) -> str:
    """What became of the crops, as a sum."""
    counts, noise = survey.counts, survey.choice["noise"]
    inside = int(survey.crops["cluster"].notna().sum())
    missing = counts["clustered"] - inside
    repeats = counts["repeat_detections"]
    others = counts["crops"] - counts["clustered"] - repeats
    parts = [f"{number(inside - noise)} in clusters", f"{count(noise, 'that fits none', 'that fit none')}"]
    parts += [f"{number(repeats)} left out (the same box again and again: a branch, a stone)"] if repeats else []
    parts += [f"{number(others)} of categories that are not clustered"] if others else []
    parts += [f"{number(missing)} without an embedding"] if missing else []
    return f"{' + '.join(parts)} = {count(counts['crops'], 'crop')}"


def strength(ami: float | None) -> str:
    """How much a factor explains, in a word or two."""
    if ami is None:
        return "nothing to compare"
    for limit, words in ((0.05, "not at all"), (0.15, "hardly"), (0.3, "a little"), (0.5, "clearly")):
        if ami < limit:
            return words
    return "strongly"


def nuisance(survey: Survey) -> list[dict]:
    """Rows of the table: factor, values, ami, words."""
    rows = []
    for factor, (name, values) in FACTORS.items():
        if factor in survey.nuisance:
            found = survey.nuisance[factor]
            n = found["values"]
            rows.append(
                {
                    "factor": factor,
                    "name": name,
                    "values": f"{number(n)} {values if n != 1 else values.rstrip('s')}",
                    "ami": found["ami"],
                    "words": strength(found["ami"]),
                }
            )
    return rows


def verdict(survey: Survey) -> str:
    """The table of nuisance in one sentence."""
    strong = [
        FACTORS[name][0]
        for name in FACTORS
        if (ami := survey.nuisance.get(name, {}).get("ami")) is not None and ami >= 0.3
    ]
    apart = ""
    if survey.reduced.get("centred") == "mode":
        apart = (
            "Infrared and colour pictures were brought together before they were clustered: the two largest groups were little else "
            f"(adjusted mutual information {survey.reduced['night_and_day']:.2f}). "
        )
    if not strong:
        return apart + "None of these factors explains the clusters well."
    return (
        f"{apart}Take care: {' and '.join(strong)} explain{'s' if len(strong) == 1 else ''} a good part of the clusters. This may be "
        "real (animals keep to places and hours) or an effect of background and light. Look at the pictures to decide."
    )


def switches(survey: Survey) -> list[str]:
    """One sentence for each thing that is done in another way because the survey is large."""
    found = list(survey.reduced.get("switches") or [])
    for thrown in (survey.choice.get("switches") or {}).values():
        found += thrown
    found += survey.projection.get("switches") or []
    lines = [
        f"{item['what']}: {number(item['size'])} is above the limit of {number(item['limit'])} "
        f"(reason: {item['reason']})."
        for item in found
    ]
    return list(dict.fromkeys(lines))


def convergence(survey: Survey) -> str:
    """Whether the t-SNE map can be trusted."""
    tsne = survey.projection.get("tsne")
    if not tsne or not tsne.get("iterations"):
        return ""
    state = "converged" if tsne["converged"] else "had not converged: raise cluster.project.iterations"
    return f"t-SNE (perplexity {tsne['perplexity']:g}) {state} after {tsne['iterations']} iterations."


def choice(survey: Survey) -> list[str]:
    """How the number of clusters came about: a sentence for the primary clustering, one for each sweep."""
    primary, k = survey.choice["primary"], survey.choice["k"]
    reason = re.sub(rf"^{re.escape(primary)}(: | )(with \d+ clusters?: )?", "", survey.choice["reason"])
    why = "" if reason == f"{k} clusters" else f": {reason}"
    lines = [f"{count(k, 'cluster')} by {METHODS.get(primary, primary)}{why}."]
    for method, sweep in survey.choice["sweeps"].items():
        lines.append(f"{METHODS.get(method, method)}: {sweep['reason']}.")
    return lines


def scores(sweep: dict) -> dict:
    """The scores of a sweep as a table of texts: ``titles``, and ``rows`` of (k, is it the chosen one, texts)."""
    rows = sweep["scores"]
    keys = [key for key in K_SCORES if any(row.get(key) is not None for row in rows)]
    return {
        "titles": [K_SCORES[key] for key in keys],
        "rows": [(row["k"], row["k"] == sweep["k"], [_score(row.get(key)) for key in keys]) for row in rows],
    }


def _score(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
