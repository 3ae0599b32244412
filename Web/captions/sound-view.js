/// Shows the microphone: a scrolling waveform of one bar per piece and a level meter in dBFS.

const floorDb = -60;
const barWidth = 3;
const barStep = 5;
const history = 512; // bars; more than the widest screen shows
const spokenEveryMs = 500; // how often the meter's text changes for assistive technology

export class SoundView {
    #canvas;
    #meter;
    #bar;
    #peaks = new Float32Array(history);
    #next = 0;
    #smoothDb = floorDb;
    #spokenAt = 0;
    #drawAsked = false;
    #still = matchMedia("(prefers-reduced-motion: reduce)");
    #drawnAt = 0;

    constructor(canvas, meter) {
        this.#canvas = canvas;
        this.#meter = meter;
        this.#bar = meter.firstElementChild;
        new ResizeObserver(() => this.#draw()).observe(canvas);
        const redraw = () => this.#draw();
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
        new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    }

    /// Takes the next `Int16Array` of sound.
    add(samples) {
        let peak = 0;
        let sum = 0;
        for (const sample of samples) {
            peak = Math.max(peak, Math.abs(sample));
            sum += sample * sample;
        }
        this.#peaks[this.#next] = peak / 32768;
        this.#next = (this.#next + 1) % history;
        this.#showLevel(10 * Math.log10(sum / samples.length / 32768 ** 2 + 1e-12), peak >= 32700);
        this.#askToDraw();
    }

    /// Back to silence; the waveform stays as it was.
    rest() {
        this.#smoothDb = floorDb;
        this.#spokenAt = 0;
        this.#showLevel(floorDb, false);
    }

    #showLevel(db, clipped) {
        // Up at once, down at about 20 dB a second: what a hand-made meter's needle does.
        this.#smoothDb = Math.min(0, Math.max(db, this.#smoothDb - 0.64, floorDb));
        this.#bar.style.transform = `scaleX(${1 - this.#smoothDb / floorDb})`;
        this.#meter.classList.toggle("clipped", clipped);
        const now = performance.now();
        if (now - this.#spokenAt < spokenEveryMs) return;
        this.#spokenAt = now;
        const rounded = Math.round(this.#smoothDb);
        this.#meter.setAttribute("aria-valuenow", String(rounded));
        const loud = clipped ? ", too loud" : "";
        this.#meter.setAttribute("aria-valuetext", rounded <= floorDb ? "silent" : `${rounded} decibels${loud}`);
    }

    #askToDraw() {
        // Who asked for less motion gets a still picture once a second.
        if (this.#drawAsked || (this.#still.matches && performance.now() - this.#drawnAt < 1000)) return;
        this.#drawAsked = true;
        requestAnimationFrame(() => {
            this.#drawAsked = false;
            this.#draw();
        });
    }

    #draw() {
        this.#drawnAt = performance.now();
        const { clientWidth: width, clientHeight: height } = this.#canvas;
        const scale = devicePixelRatio;
        if (this.#canvas.width !== Math.round(width * scale) || this.#canvas.height !== Math.round(height * scale)) {
            this.#canvas.width = Math.round(width * scale);
            this.#canvas.height = Math.round(height * scale);
        }
        const pen = this.#canvas.getContext("2d");
        pen.setTransform(scale, 0, 0, scale, 0, 0);
        pen.clearRect(0, 0, width, height);
        pen.fillStyle = getComputedStyle(this.#canvas).color;
        const bars = Math.min(history, Math.ceil(width / barStep));
        for (let age = 0; age < bars; age += 1) {
            const peak = this.#peaks[(this.#next - 1 - age + history) % history];
            const tall = Math.max(barWidth, Math.sqrt(peak) * height);
            const x = width - (age + 1) * barStep;
            pen.globalAlpha = 1 - 0.75 * age / bars;
            pen.beginPath();
            pen.roundRect(x, (height - tall) / 2, barWidth, tall, barWidth / 2);
            pen.fill();
        }
    }
}
