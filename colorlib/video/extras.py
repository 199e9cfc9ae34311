"""What a film has beside pictures and sound: subtitles, chapters, cover, texts."""

import av
from av.subtitles.subtitle import SubtitleSet

_COVERS = ("mjpeg", "png", "bmp")  # what an mp4 takes
# Written by the muxer, about the file itself.
_OWN_TEXTS = (
    *("major_brand", "minor_version", "compatible_brands", "encoder", "software"),
    *("application_platform", "company_name", "product_name", "product_version"),
    *("product_version_num", "toolkit_version_num", "product_uid", "generation_uid"),
    *("uid", "material_package_umid", "operational_pattern_ul"),
)
_APPLE = "com.apple.quicktime."
_APPLE_TEXTS = {"location.ISO6709": "location", "title": "title", "comment": "comment"}
_HELD = (  # FFmpeg's names of the texts that an mp4 has a place for
    *("title", "artist", "album_artist", "composer", "album", "date", "comment"),
    *("genre", "copyright", "grouping", "lyrics", "description", "synopsis", "show"),
    *("episode_id", "network", "keywords", "creation_time", "location"),
)


def copy_texts(source, out, notes):
    """Copies title, place, time and the like from one container to another.

    Args:
        source: `av.container.InputContainer`.
        out: `av.container.OutputContainer` to which nothing is written yet.
        notes: list; gets a line for texts that an mp4 has no place for.
    """
    lost = []
    for name, text in source.metadata.items():
        key = _APPLE_TEXTS.get(name.removeprefix(_APPLE), name).lower()
        if key in _HELD:
            out.metadata.setdefault(key, text)
        elif key not in _OWN_TEXTS and not key.startswith(tuple(_HELD)):
            lost.append(name.removeprefix(_APPLE))
    if lost:
        notes.append(f"texts left out: {', '.join(sorted(lost))}")


def copy_chapters(source, out, start):
    """Copies chapters with their titles; `start` is the time that becomes 0."""
    chapters = []
    for number, chapter in enumerate(source.chapters(), 1):
        shift = round(start / chapter["time_base"])
        begin, end = (max(0, chapter[side] - shift) for side in ("start", "end"))
        chapters.append({**chapter, "id": number, "start": begin, "end": end})
    if chapters:
        out.set_chapters(chapters)


def say_what_is_left_out(source, notes):
    """Names the tracks of data and the attached files, which are not copied.

    Args:
        source: `av.container.InputContainer`.
        notes: list; gets a line for each of the two kinds.
    """
    files, data = [], []
    chapters = len(source.chapters())
    for stream in source.streams:
        texts = stream.metadata
        if stream.type == "attachment":
            files.append(texts.get("filename", "without a name"))
        elif stream.type not in ("video", "audio", "subtitle"):
            # An mp4 has the titles of its chapters in a track, too.
            if not chapters or stream.frames != chapters:
                data.append(texts.get("handler_name", "").strip() or "without a name")
    if data:
        notes.append(f"tracks of data left out: {', '.join(data)}")
    if files:
        notes.append(f"attached files left out: {', '.join(files)}")


class Cover:
    """The cover picture of a film, copied as it is."""

    def __init__(self, stream, out, notes):
        self.out = None
        if stream.codec_context is None or stream.codec_context.name not in _COVERS:
            notes.append("a cover picture of a kind that mp4 does not hold left out")
            return
        self.out = out.add_stream_from_template(stream)
        self.out.disposition = av.stream.Disposition.attached_pic

    def packets(self, packet):
        """What becomes of a packet of the source; the last is an empty one."""
        if packet.size:
            packet.stream, packet.pts, packet.dts = self.out, 0, 0
            yield packet


class Subtitles:
    """One track of subtitles, written as mov_text.

    An mp4 shows one text at a time, the next one ends it. So lines that overlap are
    held until the next one begins, and joined to one text for each part of the time in
    which the same ones are shown.
    """

    def __init__(self, stream, out, start, notes):
        self.stream, self.start, self.out, self.notes = stream, start, None, notes
        self.lines, self.now, self.base = [], 0, None  # (end, line); ticks; seconds
        context = stream.codec_context
        if context is not None:
            context.open(strict=False)  # a decoder of texts then has their styles
        if context is None or not context.subtitle_header:
            kind = context.name if context else "of an unknown kind"
            notes.append(f"subtitles left out: pictures, not text ({kind})")
            return
        self.out = out.add_stream("mov_text")
        self.out.codec_context.subtitle_header = context.subtitle_header
        for name in ("language", "title"):
            if name in stream.metadata:
                self.out.metadata[name] = stream.metadata[name]

    def packets(self, packet):
        """What is sure after one packet of the source; the last is an empty one."""
        if not packet.size:
            while self.lines:
                yield from self._next_part(min(end for end, _ in self.lines))
            return
        if packet.pts is None:
            return
        begin = packet.pts - round(self.start / packet.time_base)
        if begin < 0:
            return
        self.base = packet.time_base
        try:
            line = self.stream.codec_context.decode2(packet)
        except av.error.FFmpegError:
            self._say_damaged()
            return
        if line:
            while self.lines and self.now < begin:
                yield from self._next_part(min(begin, *(end for end, _ in self.lines)))
            self.now = max(self.now, begin)
            end = max(self.now, begin + (packet.duration or 0))
            self.lines.append((end, line))

    def _next_part(self, end):
        """The text of all lines that are shown from now to `end`, in ticks."""
        try:
            line = _joined([line for _, line in self.lines])
            made = self.out.codec_context.encode_subtitle(line)
        except av.error.FFmpegError:
            made = None
            self._say_damaged()
        if made:
            made.stream, made.time_base = self.out, self.base
            made.pts = made.dts = self.now
            made.duration = end - self.now
            yield made
        self.now = end
        self.lines = [(last, line) for last, line in self.lines if last > end]

    def _say_damaged(self):
        if "damaged subtitles left out" not in self.notes:
            self.notes.append("damaged subtitles left out")


def _joined(lines):
    """One `SubtitleSet` of several, each with its own style, one below the other."""
    # Each is the number, layer, style, name, three margins, effect and text.
    events = [rect.ass.split(b",", 8) for line in lines for rect in line]
    events = [event for event in events if len(event) == 9]
    if len(lines) == 1 or not events:
        return lines[0]
    # The same text in several layers is one with a shadow.
    texts = dict.fromkeys((event[2], event[8]) for event in events)
    # FFmpeg's \r sets what a style has, but does not take off what it has not.
    text = b"{\\i0\\b0\\u0}\\N".join(b"{\\r%s}%s" % pair for pair in texts)
    return SubtitleSet.create(b",".join([*events[0][:8], text]), 0, 0)
