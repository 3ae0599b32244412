/// Captions as files. A caption is `{ start_ms, end_ms, text, words: [{ word, start_ms, end_ms }] }`.

/// What fits on two subtitle lines of 42 characters, and how long it may stand (Netflix Timed Text Style Guide).
const lineLength = 42;
const cueLength = 2 * lineLength;
const cueMs = 7000;

/// Plain text, one caption per line.
export function text(captions) {
    return captions.map((caption) => `${caption.text}\n`).join("");
}

/// SubRip.
export function srt(captions) {
    return cues(captions)
        .map((cue, index) => `${index + 1}\n${clock(cue.start_ms, ",")} --> ${clock(cue.end_ms, ",")}\n${lines(cue.text)}\n`)
        .join("\n");
}

/// WebVTT.
export function vtt(captions) {
    const escaped = (line) => line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    const body = cues(captions)
        .map((cue) => `\n${clock(cue.start_ms, ".")} --> ${clock(cue.end_ms, ".")}\n${escaped(lines(cue.text))}\n`);
    return `WEBVTT\n${body.join("")}`;
}

/// Minutes and seconds for the eye: `1:05`, `1:00:05`.
export function shortClock(ms) {
    return clock(ms, ".").slice(0, -4).replace(/^(00:0?|0)/, "");
}

/// `HH:MM:SS` and milliseconds after `separator`.
function clock(ms, separator) {
    const whole = Math.max(0, Math.round(ms));
    const two = (value) => String(Math.floor(value)).padStart(2, "0");
    const fraction = String(whole % 1000).padStart(3, "0");
    return `${two(whole / 3_600_000)}:${two(whole / 60_000 % 60)}:${two(whole / 1000 % 60)}${separator}${fraction}`;
}

/// Captions cut between words into what a viewer can read at once; none is empty, none overlaps the next.
function cues(captions) {
    const result = [];
    for (const caption of captions) {
        if (caption.words.length === 0) {
            result.push({ start_ms: caption.start_ms, end_ms: caption.end_ms, text: caption.text });
            continue;
        }
        let cue = null;
        for (const { word, start_ms, end_ms } of caption.words) {
            const fits = cue && cue.text.length + 1 + word.length <= cueLength && end_ms - cue.start_ms <= cueMs;
            if (fits) {
                cue.text += ` ${word}`;
                cue.end_ms = end_ms;
            } else {
                cue = { start_ms, end_ms, text: word };
                result.push(cue);
            }
        }
    }
    for (const [index, cue] of result.entries()) {
        const next = result[index + 1]?.start_ms ?? Infinity;
        cue.end_ms = Math.max(cue.start_ms + 1, Math.min(cue.end_ms, next));
    }
    return result;
}

/// Breaks a cue that is too long for one line near its middle.
function lines(cue) {
    if (cue.length <= lineLength) return cue;
    const middle = cue.length / 2;
    const spaces = [...cue.matchAll(/ /g)].map((match) => match.index);
    if (spaces.length === 0) return cue;
    const nearest = spaces.reduce((best, at) => (Math.abs(at - middle) < Math.abs(best - middle) ? at : best));
    return `${cue.slice(0, nearest)}\n${cue.slice(nearest + 1)}`;
}
