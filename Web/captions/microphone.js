/// The microphone as a stream of mono PCM16 pieces.

/// The highest rate that the server takes, in Hz.
const highestRate = 48000;

/// Why there is no sound, in words for the reader: `title` says what is wrong, `message` what to do.
export class MicrophoneError extends Error {
    constructor(title, message) {
        super(message);
        this.title = title;
    }
}

export class Microphone {
    #stream;
    #context;
    #worklet;

    /// Samples per second of the pieces.
    get sampleRate() { return this.#context.sampleRate; }

    /// Asks for the microphone. `onPiece(Int16Array)` gets about 30 pieces a second; `onLost()` tells that the device went away.
    /// Throws `MicrophoneError`.
    static async open({ onPiece, onLost }) {
        if (!isSecureContext || !navigator.mediaDevices) {
            throw new MicrophoneError(
                "This address is not secure.",
                "Browsers give the microphone only to https pages and to localhost. "
                + "Open this page over https, or on the server's own machine as http://localhost.");
        }
        const microphone = new Microphone();
        try {
            await microphone.#start(onPiece, onLost);
        } catch (error) {
            microphone.#release();
            throw explained(error);
        }
        return microphone;
    }

    async #start(onPiece, onLost) {
        // Echo and noise suppression are tuned for human ears and cost a recogniser words.
        this.#stream = await navigator.mediaDevices.getUserMedia({
            audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: true },
        });
        this.#stream.getAudioTracks()[0].addEventListener("ended", onLost);
        this.#context = new AudioContext();
        if (this.#context.sampleRate > highestRate) {
            this.#context.close();
            this.#context = new AudioContext({ sampleRate: highestRate });
        }
        await this.#context.audioWorklet.addModule(new URL("capture-worklet.js", import.meta.url));
        this.#worklet = new AudioWorkletNode(this.#context, "capture", { numberOfOutputs: 0 });
        this.#worklet.port.onmessage = ({ data }) => onPiece(data);
        this.#context.createMediaStreamSource(this.#stream).connect(this.#worklet);
        await this.#context.resume();
    }

    /// Stops listening after the last piece has been delivered.
    async close() {
        const port = this.#worklet.port;
        const deliver = port.onmessage;
        if (this.#context.state === "running") {
            await new Promise((resolve) => {
                port.onmessage = (event) => (event.data === null ? resolve() : deliver(event));
                port.postMessage("flush");
            });
        }
        this.#release();
    }

    #release() {
        for (const track of this.#stream?.getTracks() ?? []) track.stop();
        if (this.#context?.state !== "closed") this.#context?.close();
    }
}

function explained(error) {
    switch (error.name) {
    case "NotAllowedError":
    case "SecurityError":
        return new MicrophoneError(
            "The microphone is blocked.",
            "Allow it for this page beside the browser's address bar, then press Start again.");
    case "NotFoundError":
    case "OverconstrainedError":
        return new MicrophoneError("No microphone was found.", "Connect one, then press Start again.");
    case "NotReadableError":
        return new MicrophoneError(
            "The microphone cannot be opened.", "Another program may be using it. Close that one, then press Start again.");
    default:
        return new MicrophoneError("The microphone did not start.", `The browser said: ${error.message}`);
    }
}
