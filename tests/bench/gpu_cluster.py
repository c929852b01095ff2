"""Whether a GPU would pay for what comes after the vectors: neighbours and K-Means of a million."""

import time

import numpy as np

from camtrap.cluster.settings import fill

DIMS, K, ITERATIONS = 64, 100, 25


def cluster(bench) -> None:
    """Our CPU against plain torch on the card, random unit vectors; where all of it takes too long, a part and its proportion."""
    import torch

    n, part = bench.n(1_000_000, 4_000), bench.n(2_000, 200)
    random = np.random.default_rng(0)
    x = random.standard_normal((n, DIMS), dtype=np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    begin = time.perf_counter()
    on_card = torch.from_numpy(x).to(bench.device)
    gram = (on_card.double().T @ on_card.double()).cpu()
    np.linalg.eigh(gram.numpy())
    bench.row("reduce: covariance of all, on the device", n / (time.perf_counter() - begin))
    begin = time.perf_counter()
    wide = x.astype(np.float64)
    np.linalg.eigh(wide.T @ wide)
    bench.row("reduce: covariance of all, on the CPU", n / (time.perf_counter() - begin))
    bench.save()

    def by_card(rows: int) -> float:
        bench.wait()
        begin = time.perf_counter()
        for start in range(0, rows, 4096):
            (on_card[start : start + 4096] @ on_card.T).topk(16, dim=1)
        bench.wait()
        return time.perf_counter() - begin

    rows = bench.n(65_536, 1_000)
    by_card(4096)
    peak, band = (bench.ceiling.get(key) for key in ("operations a second, float32", "bytes a second, on the card"))
    # the product, and its result written once and read twice
    predicted = 1 / (2 * DIMS * n / peak + 12 * n / band) if peak and band else None
    bench.row("neighbours, all pairs, on the device", rows / by_card(rows), predicted)
    centres = on_card[torch.randperm(n, device=bench.device)[:K]].clone()
    bench.wait()
    begin = time.perf_counter()
    for _ in range(ITERATIONS):
        nearest = torch.empty(n, dtype=torch.int64, device=bench.device)
        for start in range(0, n, 2**18):
            block = on_card[start : start + 2**18]
            nearest[start : start + 2**18] = (block @ centres.T - (centres**2).sum(1) / 2).argmax(1)
        sums = torch.zeros_like(centres).index_add_(0, nearest, on_card)
        centres = sums / torch.bincount(nearest, minlength=K).clamp(min=1)[:, None]
    bench.wait()
    bench.row("K-Means, 100 clusters, 25 steps, on the device", n / (time.perf_counter() - begin))
    bench.save()
    try:
        import faiss
    except ImportError:
        print("  no FAISS here: nothing of our CPU to compare with", flush=True)
        return
    from camtrap.cluster.kmeans import kmeans

    flat = faiss.IndexFlatIP(DIMS)
    flat.add(x)
    begin = time.perf_counter()
    flat.search(x[:part], 16)
    bench.row("neighbours, all pairs, our CPU", part / (time.perf_counter() - begin))
    begin = time.perf_counter()
    kmeans(x, K, fill("kmeans", None), 0)
    bench.row("K-Means, 100 clusters, our settings, our CPU", n / (time.perf_counter() - begin))
