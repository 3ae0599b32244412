import { isRefused, subprotocols } from "./access.js";
import { KeptAudio } from "./kept-audio.js";

// A session waits 60 s for its client and an utterance ends after 15 s; the rest is for a restarting server.
const keptSeconds = 120;
const firstRetryMs = 500;
const lastRetryMs = 8000;
const answerMs = 10_000; // from opening a socket to `ack` or `resumed`
const silenceMs = 20_000; // a server that gets audio says at least `finalised` within this time, else the connection is dead
const flushMs = 30_000; // from the end of the recording to the last final
const bufferedBytes = 256 * 1024; // kept audio is sent no faster than the network takes it

/// Errors after which the same request would fail again.
const fatal = new Set([
    "malformed-message", "unexpected-message", "unsupported-audio", "invalid-audio", "invalid-parameter", "too-large",
    "unauthorised", "forbidden-host", "forbidden-origin", "not-found", "method-not-allowed", "session-replaced",
]);

/// One recording, sent to `WS /v1/asr/stream` and resumed after every cut, until its last word is final.
///
/// Every audio sample goes through `KeptAudio`; a cursor walks over it. Live audio, the catch-up after a cut and the tail after
/// `finish()` are the same loop. Times that it reports count from the start of the recording, whatever sessions lie between.
///
/// `on` has: `state(name, detail)` with `connecting`, `live`, `locked`, `waiting` (detail: `{ overloaded }`), `finishing`,
/// `ended` or `failed` (detail: `{ message }`); `partial(message)`; `final(message, latencyMs)`; `notice(message)`;
/// `lost(seconds)`; and `unlock()`, which is asked for the server's token and promises whether there is one now.
export class CaptionStream {
    #url;
    #start;
    #on;
    #kept;
    #socket = null;
    #session = null; // { id, token, lastSequence, origin }; origin: where in the recording the session begins
    #cursor = null; // next sample to send; null until the server has said from where
    #captionedTo = 0; // end of the last final's audio
    #retryMs = firstRetryMs;
    #overloaded = false;
    #locked = false; // waiting for a token
    #finishing = false;
    #endSent = false;
    #done = false;
    #connectTimer;
    #watchTimer;
    #pumpTimer;
    #flushTimer;

    constructor({ url, sampleRate, language, on }) {
        this.#url = url;
        this.#start = { type: "start", sample_rate: sampleRate, channels: 1, encoding: "pcm_s16le", language, wake_word: false };
        this.#on = on;
        this.#kept = new KeptAudio(keptSeconds * sampleRate);
        addEventListener("offline", this.#offline);
        addEventListener("online", this.#online);
        this.#connect();
    }

    /// Adds an `Int16Array` of mono audio.
    push(samples) {
        this.#kept.append(samples);
        this.#pump();
    }

    /// No more audio comes: sends what is left, waits for the last finals, then `ended`.
    finish() {
        if (this.#done) return;
        this.#finishing = true;
        if (!this.#locked) this.#limitFlush();
        this.#on.state("finishing");
        this.#pump();
    }

    #limitFlush() {
        this.#flushTimer = setTimeout(
            () => this.#fail("The server did not answer, so the last words have no captions."), flushMs);
    }

    // MARK: connection

    #connect = () => {
        clearTimeout(this.#connectTimer);
        const socket = new WebSocket(this.#url, subprotocols());
        this.#socket = socket;
        this.#cursor = null;
        this.#endSent = false;
        this.#overloaded = false;
        let opened = false;
        socket.onopen = () => {
            opened = true;
            this.#send(this.#greeting());
        };
        socket.onmessage = ({ data }) => { if (socket === this.#socket) this.#receive(JSON.parse(data)); };
        socket.onclose = async ({ code }) => {
            if (!opened && socket === this.#socket && await isRefused(this.#url)) return this.#unlock(socket);
            if (socket === this.#socket) this.#retry(code === 1013);
        };
        this.#watch(answerMs);
        if (!this.#finishing) this.#on.state("connecting");
    };

    #greeting() {
        const session = this.#session;
        if (!session) return this.#start;
        return { type: "start", session_id: session.id, resume_token: session.token, last_sequence: session.lastSequence };
    }

    /// The server wants a token: what is said while the reader looks for it is kept.
    async #unlock(socket) {
        if (socket !== this.#socket) return;
        this.#drop();
        clearTimeout(this.#flushTimer);
        this.#locked = true;
        if (!this.#finishing) this.#on.state("locked");
        const unlocked = await this.#on.unlock();
        this.#locked = false;
        if (!unlocked) return this.#fail("This server wants its access token. Press Start to be asked again.");
        if (this.#finishing) this.#limitFlush();
        this.#connect();
    }

    /// Leaves the connection as it is and makes a new one later, or at once after `startAnew`.
    #retry(overloaded, delayMs = this.#retryMs) {
        this.#drop();
        if (delayMs > 0) this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
        this.#connectTimer = setTimeout(this.#connect, delayMs);
        if (!this.#finishing) this.#on.state("waiting", { overloaded: overloaded || this.#overloaded });
    }

    /// The server does not know the session, or we no longer have audio that it wants: begin another one with what is kept.
    #startAnew() {
        this.#session = null;
        this.#retry(false, 0);
    }

    #drop() {
        clearTimeout(this.#watchTimer);
        clearTimeout(this.#pumpTimer);
        const socket = this.#socket;
        this.#socket = null;
        this.#cursor = null;
        socket?.close();
    }

    #end(state, detail) {
        this.#done = true;
        this.#drop();
        clearTimeout(this.#connectTimer);
        clearTimeout(this.#flushTimer);
        removeEventListener("offline", this.#offline);
        removeEventListener("online", this.#online);
        this.#on.state(state, detail);
    }

    #fail(message) { this.#end("failed", { message }); }

    // A browser tells at once that the network went; TCP would take minutes.
    #offline = () => { if (this.#socket) this.#retry(false); };
    #online = () => { if (!this.#socket && !this.#locked) this.#connect(); };

    #watch(ms) {
        clearTimeout(this.#watchTimer);
        this.#watchTimer = setTimeout(() => this.#retry(false), ms);
    }

    // MARK: what is sent

    #send(message) { this.#socket.send(JSON.stringify(message)); }

    #pump() {
        if (this.#cursor === null) return;
        clearTimeout(this.#pumpTimer);
        if (this.#socket.readyState !== WebSocket.OPEN) return;
        if (this.#cursor < this.#kept.start) return this.#startAnew(); // the server wants audio that had to be dropped
        while (this.#socket.bufferedAmount < bufferedBytes) {
            const samples = this.#kept.take(this.#cursor, performance.now());
            if (!samples) break;
            this.#socket.send(samples);
            this.#cursor += samples.length;
        }
        if (this.#cursor < this.#kept.end) {
            this.#pumpTimer = setTimeout(() => this.#pump(), 50);
        } else if (this.#finishing && !this.#endSent) {
            this.#endSent = true;
            this.#send({ type: "end" });
        }
    }

    // MARK: what is received

    #receive(message) {
        if (this.#cursor !== null) this.#watch(silenceMs);
        switch (message.type) {
        case "ack": return this.#began(message);
        case "resumed": return this.#resumed(message);
        case "partial": this.#progress(); return this.#on.partial(this.#placed(message));
        case "final": this.#progress(); return this.#final(message);
        case "finalised": this.#progress(); return this.#kept.forget(this.#session.origin + message.through_sample);
        case "error": return this.#error(message);
        case "ended": return this.#end("ended");
        }
    }

    #began({ session_id: id, resume_token: token }) {
        // A final may have come whose `finalised` was cut off: its audio is not said twice.
        this.#kept.forget(this.#captionedTo);
        const lost = this.#kept.start - this.#kept.finalised;
        const origin = Math.max(this.#kept.start, this.#kept.finalised);
        this.#kept.forget(origin);
        this.#session = { id, token, lastSequence: 0, origin };
        this.#live(origin);
        if (lost > 0) this.#on.lost(lost / this.#start.sample_rate);
    }

    #resumed({ next_sample }) {
        // So that the server notices, should the two not agree.
        this.#socket.send(JSON.stringify({ type: "position", sample: next_sample }));
        this.#live(this.#session.origin + next_sample);
    }

    #live(position) {
        this.#cursor = position;
        this.#watch(silenceMs);
        if (!this.#finishing) this.#on.state("live");
        this.#pump();
    }

    /// Only results prove that the server has room again; an `ack` before a 1013 does not.
    #progress() { this.#retryMs = firstRetryMs; }

    #final(message) {
        const session = this.#session;
        if (message.sequence <= session.lastSequence) return; // sent again after a cut
        session.lastSequence = message.sequence;
        const rate = this.#start.sample_rate;
        const speechEndMs = message.words?.at(-1)?.end_ms ?? message.end_ms;
        const sentAt = this.#kept.sentAt(session.origin + Math.floor(speechEndMs * rate / 1000));
        this.#captionedTo = session.origin + Math.floor(message.end_ms * rate / 1000);
        this.#on.final(this.#placed(message), sentAt === null ? null : performance.now() - sentAt);
    }

    #error({ code, message }) {
        if (code === "session-unknown" || code === "resume-gap") return this.#startAnew();
        if (fatal.has(code)) return this.#fail(message);
        if (code === "overloaded") {
            this.#overloaded = true;
            if (this.#cursor === null) return this.#retry(true);
        }
        this.#on.notice(message);
    }

    /// The message with its times counted from the start of the recording.
    #placed(message) {
        const shift = Math.round(this.#session.origin * 1000 / this.#start.sample_rate);
        const place = (item) => ({ ...item, start_ms: item.start_ms + shift, end_ms: item.end_ms + shift });
        return { ...place(message), words: (message.words ?? []).map(place) };
    }
}
