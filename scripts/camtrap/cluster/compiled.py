"""Compiled functions of UMAP are kept between processes."""

from contextlib import suppress


def keep_compiled() -> None:
    """Let numba keep UMAP's compiled functions beside their source: compiling takes half a minute, a small fit 0.1 s.

    UMAP asks for this for few of them. Where no folder can be written they are compiled as before.
    """
    import umap.layouts
    import umap.umap_
    import umap.utils
    from numba.core.dispatcher import Dispatcher

    for module in (umap.umap_, umap.layouts, umap.utils):
        for function in vars(module).values():
            if isinstance(function, Dispatcher):
                with suppress(RuntimeError):  # numba's "cannot cache function: no locator available"
                    function.enable_caching()
