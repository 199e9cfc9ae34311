"""Whole frames of interlaced films, whose two fields were taken one after the other."""

from collections import deque

import av

# Lines of the other field are computed only in the frames that say they have two.
_FILTER, _OPTIONS = "bwdif", "mode=send_frame:deint=interlaced"


def deinterlaced(frames):
    """Filters the combs out of frames that are flagged as interlaced.

    Args:
        frames: iterator of `av.VideoFrame`, as decoded.

    Yields:
        As many `av.VideoFrame`, with their times; others than flagged ones pass.

    Reference:
        FFmpeg's bwdif, after Weston's filter (BBC) and yadif.
    """
    graph, shape, times = None, None, deque()
    for frame in frames:
        found = (frame.width, frame.height, frame.format.name)
        if graph and found != shape:  # a film may change its size halfway
            yield from _pulled(graph, times, end=True)
            graph = None
        if graph is None and frame.interlaced_frame:
            graph, shape = _graph(frame), found
        if graph is None:
            yield frame
            continue
        times.append((frame.pts, getattr(frame, "duration", 0)))
        frame.pts = None  # the filter's own times are not asked for
        graph.push(frame)
        yield from _pulled(graph, times)
    if graph:
        yield from _pulled(graph, times, end=True)


def _graph(frame):
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base or av.time_base,
    )
    graph.link_nodes(
        source, graph.add(_FILTER, _OPTIONS), graph.add("buffersink")
    ).configure()
    return graph


def _pulled(graph, times, end=False):
    if end:
        graph.push(None)
    while times:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame.pts, frame.duration = times.popleft()
        yield frame
