/// Runs on the audio thread: mixes the microphone to mono, converts to PCM16 and posts pieces of about 32 ms.

const pieceSeconds = 0.032;
const quantum = 128;

class Capture extends AudioWorkletProcessor {
    constructor() {
        super();
        const length = Math.round(sampleRate * pieceSeconds / quantum) * quantum;
        this.length = length;
        this.piece = new Int16Array(length);
        this.filled = 0;
        this.port.onmessage = () => {
            this.post();
            this.port.postMessage(null); // everything that was captured has been posted
        };
    }

    process([channels]) {
        const frames = channels.length > 0 ? channels[0].length : 0;
        for (let frame = 0; frame < frames; frame += 1) {
            let sum = 0;
            for (const channel of channels) sum += channel[frame];
            const value = Math.max(-1, Math.min(1, sum / channels.length));
            this.piece[this.filled] = Math.round(value * 32767);
            this.filled += 1;
            if (this.filled === this.length) this.post();
        }
        return true;
    }

    post() {
        if (this.filled === 0) return;
        const piece = this.filled === this.length ? this.piece : this.piece.slice(0, this.filled);
        this.port.postMessage(piece, [piece.buffer]);
        this.piece = new Int16Array(this.length);
        this.filled = 0;
    }
}

registerProcessor("capture", Capture);
