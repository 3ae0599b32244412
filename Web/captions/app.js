import { CaptionStream } from "./caption-stream.js";
import { CaptionView } from "./caption-view.js";
import * as formats from "./formats.js";
import { Microphone, MicrophoneError } from "./microphone.js";
import { SoundView } from "./sound-view.js";
import { themeToggle } from "./theme.js";
import { askForToken } from "./token-prompt.js";

const find = (id) => document.getElementById(id);
const address = new URL("v1/asr/stream", document.baseURI);
address.protocol = address.protocol.replace("http", "ws");
const language = "en";

const stateNames = {
    idle: "Ready", asking: "Waiting for the microphone", connecting: "Connecting", live: "Listening", waiting: "Reconnecting",
    locked: "Waiting for the token", finishing: "Finishing",
};
const fileTypes = {
    txt: ["text/plain", formats.text], srt: ["application/x-subrip", formats.srt], vtt: ["text/vtt", formats.vtt],
};

const view = new CaptionView(find);
const sound = new SoundView(find("waveform"), find("level"));
const captions = []; // finals of all recordings on one timeline
let state = "idle";
let recordedMs = 0; // length of the earlier recordings
let recording = null; // { microphone, stream, samples }

themeToggle(find("theme"));

// MARK: starting and stopping

async function start() {
    showState("asking");
    hideNotice();
    const current = { microphone: null, stream: null, samples: 0, silent: true };
    recording = current;
    try {
        current.microphone = await Microphone.open({
            onPiece: (samples) => heard(current, samples),
            onLost: () => {
                showNotice(
                    "The microphone went away.", "Connect it again, then press Start. What was said before is kept.", "error");
                stop();
            },
        });
    } catch (error) {
        if (!(error instanceof MicrophoneError)) throw error;
        showNotice(error.title, error.message, "error");
        recording = null;
        return showState("idle");
    }
    const startMs = recordedMs;
    const placed = (item) => ({ ...item, start_ms: item.start_ms + startMs, end_ms: item.end_ms + startMs });
    current.stream = new CaptionStream({
        url: address, sampleRate: current.microphone.sampleRate, language,
        on: {
            state: streamChanged,
            partial: ({ text, unstable_text: tail }) => view.showPartial(text, tail ?? ""),
            final: (message, latencyMs) => {
                addFinal({ ...placed(message), words: message.words.map(placed) });
                showLatency(latencyMs, message.latency);
            },
            notice: (message) => showNotice("The server reports a problem.", message, "warning"),
            lost: (seconds) => showNotice(
                "Some speech was lost.",
                `The connection was away for so long that ${Math.ceil(seconds)} seconds have no captions.`, "warning"),
            unlock: () => askForToken("What you say meanwhile is kept for up to two minutes and captioned afterwards."),
        },
    });
}

async function stop() {
    if (!recording?.stream || state === "finishing") return;
    showState("finishing");
    const { microphone, stream } = recording;
    await microphone.close();
    sound.rest();
    stream.finish();
}

function heard(current, samples) {
    if (!current.stream) return; // still starting
    current.samples += samples.length;
    sound.add(samples);
    current.stream.push(samples);
    warnOfMutedMicrophone(current, samples);
}

/// Real microphones have noise: nothing but zeros for five seconds means that a switch is off.
function warnOfMutedMicrophone(current, samples) {
    if (!current.silent) return;
    current.silent = samples.every((sample) => sample === 0);
    if (current.silent && current.samples > 5 * current.microphone.sampleRate) {
        current.silent = false;
        showNotice(
            "The microphone is silent.",
            "It may be muted: look for a switch on it, or choose another in the browser.", "warning");
    }
}

function streamChanged(name, detail) {
    switch (name) {
    case "waiting":
        showNotice(
            detail.overloaded ? "The server is busy." : "The server cannot be reached.",
            "Trying again by itself. Keep speaking: up to two minutes are kept and captioned afterwards.", "connection");
        break;
    case "live":
    case "locked":
        hideNotice("connection");
        break;
    case "failed":
        showNotice("Captions stopped.", detail.message, "error");
        recording.microphone.close().then(() => sound.rest());
        return finished();
    case "ended":
        hideNotice("connection");
        return finished();
    }
    if (state !== "finishing") showState(name);
}

function finished() {
    recordedMs += Math.ceil(recording.samples * 1000 / recording.microphone.sampleRate);
    recording = null;
    view.showPartial("", "");
    showState("idle");
}

function toggle() {
    if (state === "idle") start();
    else stop();
}

// MARK: what is shown

function showState(name) {
    state = name;
    document.body.dataset.state = name;
    find("state").textContent = stateNames[name];
    const button = find("toggle");
    button.querySelector("span").textContent = name === "idle" ? "Start" : "Stop";
    // Not `disabled`: that would take the keyboard focus away.
    button.setAttribute("aria-disabled", String(["asking", "finishing"].includes(name)));
}

/// `kind` is `error`, `warning`, or `connection`, which goes away with its cause.
/// The text changes only when it says something new, so that it is read out once.
function showNotice(title, message, kind) {
    const notice = find("notice");
    const [strong, span] = notice.querySelector("p").children;
    if (!notice.hidden && strong.textContent === title && span.textContent === message) return;
    notice.dataset.kind = kind;
    strong.textContent = title;
    span.textContent = message;
    notice.hidden = false;
}

function hideNotice(kind) {
    const notice = find("notice");
    if (!kind || notice.dataset.kind === kind) notice.hidden = true;
}

function addFinal(caption) {
    if (caption.text === "") return view.showPartial("", "");
    captions.push(caption);
    view.addFinal(caption);
    for (const button of document.querySelectorAll("#copy, [data-download]")) button.disabled = false;
}

function showLatency(ms, parts) {
    if (ms === null) return;
    find("latency").textContent = `${Math.round(ms)} ms`;
    if (!parts) return;
    const shown = (value) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
    find("latency-parts").textContent =
        `pause ${shown(parts.endpoint_wait_ms)} · recogniser ${shown(parts.recogniser_ms)} · intake ${shown(parts.ingest_ms)}`;
}

// MARK: taking captions along

function copied(button) {
    const label = button.textContent;
    if (label === "Copied") return;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
}

function download(type) {
    const [mime, write] = fileTypes[type];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([write(captions)], { type: mime }));
    const now = new Date();
    const local = new Date(now - now.getTimezoneOffset() * 60_000).toISOString();
    link.download = `captions-${local.slice(0, 16).replace("T", "-").replace(":", "")}.${type}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

find("toggle").addEventListener("click", toggle);
find("dismiss").addEventListener("click", () => {
    hideNotice();
    find("toggle").focus();
});
find("copy").addEventListener("click", async ({ currentTarget }) => {
    await navigator.clipboard.writeText(formats.text(captions));
    copied(currentTarget);
});
for (const button of document.querySelectorAll("[data-download]")) {
    button.addEventListener("click", () => download(button.dataset.download));
}
document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.repeat || event.target.closest("button, a, dialog")) return;
    event.preventDefault();
    toggle();
});
document.addEventListener("copy", (event) => {
    if (captions.length === 0 || !getSelection().isCollapsed || event.target.closest("dialog")) return;
    event.clipboardData.setData("text/plain", formats.text(captions));
    event.preventDefault();
    copied(find("copy"));
});

showState("idle");
