/// The audio that the server has not yet finalised, so that a cut connection loses no word.
///
/// Positions are samples from the beginning of the recording. When more than `limit` samples are kept the oldest go.
export class KeptAudio {
    #pieces = []; // { start, samples, sentAt }
    #limit;

    constructor(limit) { this.#limit = limit; }

    /// Position of the oldest sample that is kept.
    get start() { return this.#pieces[0]?.start ?? this.end; }

    /// Position after the newest sample.
    end = 0;

    /// Keeps an `Int16Array`.
    append(samples) {
        this.#pieces.push({ start: this.end, samples, sentAt: null });
        this.end += samples.length;
        while (this.end - this.start > this.#limit) this.#pieces.shift();
    }

    /// Everything before this was finalised; when `start` lies behind it, what is between was lost.
    finalised = 0;

    /// Forgets whole pieces before `position`, which the server has finalised.
    forget(position) {
        this.finalised = Math.max(this.finalised, position);
        while (this.#pieces.length > 0 && endOf(this.#pieces[0]) <= position) this.#pieces.shift();
    }

    /// The samples from `position` to the end of their piece, noted as sent `now`; null when there are none yet.
    take(position, now) {
        const piece = this.#pieceAt(position);
        if (!piece) return null;
        piece.sentAt = now;
        return piece.samples.subarray(position - piece.start);
    }

    /// When the sample at `position` was last sent, in the clock given to `take`; null when unknown.
    sentAt(position) { return this.#pieceAt(position)?.sentAt ?? null; }

    #pieceAt(position) {
        // Live sending asks for the newest piece, so the search goes backwards.
        return this.#pieces.findLast((piece) => piece.start <= position && position < endOf(piece));
    }
}

function endOf(piece) { return piece.start + piece.samples.length; }
