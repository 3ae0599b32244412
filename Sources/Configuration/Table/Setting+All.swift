extension Setting {
    /// Every setting there is, by section.
    public static let all: [Setting] = [
        Setting("server.listen", \.server.listen, .address, "Where HTTP and WebSocket are served; port 0 takes any free port."),
        Setting(
            "server.token_file", \.server.tokenFile, .optional(.secretFile),
            "File with the bearer token that every request but the probes must carry; required beyond loopback."),
        Setting(
            "server.metrics_listen", \.server.metricsListen, .optional(.address),
            "Where `/metrics`, `/status` and `/stats` are served for scrapers, without a token: name an address of an internal network."
        ),
        Setting(
            "server.allowed_hosts", \.server.allowedHosts, .list(.hostName),
            "Further names that the `Host` and `Origin` headers may carry, for instance a reverse proxy's."),
        Setting("server.max_connections", \.server.maxConnections, .integer(1...100_000), "The most connections at once."),
        Setting(
            "server.max_connections_per_address", \.server.maxConnectionsPerAddress, .integer(1...100_000),
            "The most connections at once from one client address; behind a reverse proxy all clients share its address."),
        Setting(
            "server.idle_timeout_seconds", \.server.idleTimeoutSeconds, .integer(5...3600, unit: "s"),
            "How long a connection may say nothing before it is closed."),
        Setting(
            "server.drain_timeout_seconds", \.server.drainTimeoutSeconds, .integer(1...300, unit: "s"),
            "How long a stopping server lets running requests and streams finish."),

        Setting(
            "audio.sample_rate", \.audio.sampleRate, .integer(8000...48_000, unit: "Hz"),
            "The rate that a local microphone is asked for first; if it has another, that is taken."),
        Setting("audio.frame_ms", \.audio.frameMS, .integer(10...100, unit: "ms"), "Length of the frames that are read from it."),
        Setting(
            "audio.channels", \.audio.channels, .integer(1...2),
            "Channels that a local microphone is asked for; two are mixed into one."),
        Setting(
            "audio.device", \.audio.device, .optional(.text), environment: "AUDIO_DEVICE",
            "Name of the local microphone, which a server then listens to; empty is the system's default for `mynah listen`, and none for a server."
        ),
        Setting(
            "audio.mock", \.audio.mock, .optional(.text), environment: "RTAP_AUDIO_MOCK",
            "What a server listens to instead: `true` is a recording that came with it, over and over, else the path of one; `false` is nothing."
        ),
        Setting(
            "audio.sources", \.audio.sources, .list(.text, atMost: 64),
            "What a server listens to besides, each with a name: `kitchen=device:plughw:1,0`, `tape=file:a.wav`, `test=loop:b.wav`, `pipe=stdin:16000`."
        ),
        Setting(
            "audio.ring_buffer_size_ms", \.audio.ringBufferSizeMS, .integer(1000...60_000, unit: "ms"),
            "Audio kept per session while it waits for a decoder; the oldest is dropped first."),

        Setting(
            "preprocess.vad", \.preprocess.vad, .choice,
            "Voice activity detector: the neural one, or a model-free one that goes by energy."),
        Setting(
            "preprocess.vad_aggressiveness", \.preprocess.vadAggressiveness, .integer(0...3),
            "How sure the detector must be before audio is taken for speech: 0 misses least, 3 lets least noise through."),
        Setting(
            "preprocess.high_pass", \.preprocess.highPass, .choice,
            isReloadable: true,
            "Whether what lies below 100 Hz is filtered out, such as rumble and wind; `auto`: where it is as loud as the voice."
        ),
        Setting(
            "preprocess.gain", \.preprocess.gain, .choice,
            isReloadable: true,
            "Whether a voice is brought to the usual level; `auto`: in sessions in which one is much quieter or louder."),
        Setting(
            "preprocess.denoise", \.preprocess.denoise, .choice,
            isReloadable: true,
            "Whether the recogniser hears speech with the noise taken out of it; `auto`: where the noise is loud enough to matter."
        ),

        Setting(
            "endpointing.silence_ms", \.endpointing.silenceMS, .integer(100...5000, unit: "ms"),
            isReloadable: true, "Silence that ends an utterance; all of it is part of the delay of a final result."),
        Setting(
            "endpointing.minimum_speech_ms", \.endpointing.minimumSpeechMS, .integer(10...2000, unit: "ms"),
            isReloadable: true, "Speech shorter than this is taken for noise."),
        Setting(
            "endpointing.maximum_utterance_ms", \.endpointing.maximumUtteranceMS, .integer(1000...15_000, unit: "ms"),
            isReloadable: true,
            "An utterance is ended here even when nobody pauses, which bounds what a client keeps for a resume."),

        Setting(
            "wakeword.enabled", \.wakeword.enabled, .boolean, isReloadable: true,
            "Whether nothing is recognised in a session before somebody says one of the phrases; a client's `start` may say otherwise."
        ),
        Setting(
            "wakeword.phrases", \.wakeword.phrases, .list(.phrase), isReloadable: true,
            "Phrases that wake a session up, of words that the recogniser's dictionary has; longer ones are heard by mistake less often."
        ),
        Setting(
            "wakeword.sensitivity", \.wakeword.sensitivity, .number(0...1), isReloadable: true,
            "Higher misses fewer phrases and takes more other speech for one; the length of each phrase is allowed for already."),
        Setting(
            "wakeword.window_ms", \.wakeword.windowMS, .integer(1000...600_000, unit: "ms"), isReloadable: true,
            "How long nobody may speak after the phrase, and after what was said since, until it is needed again."),

        Setting(
            "stt.engine", \.stt.engine, .choice,
            "The recogniser: `pocketsphinx` is built in, `sherpa` runs a neural model, `openai` asks [a remote engine](models.md#a-remote-engine). `auto` takes the model that was added for `language.default` ([models](models.md)), and the built-in one while there is none."
        ),
        Setting(
            "stt.model_name", \.stt.modelName, .optional(.modelName),
            "The recogniser's model: the name under which it was added, or of the built-in one a folder under `pocketsphinx` in `models.directory`. Empty is the one that serves `language.default`, or `en-us`."
        ),
        Setting(
            "stt.model_path", \.stt.modelPath, .optional(.path), environment: "ASR_MODEL_PATH",
            "A neural model's folder, used where it lies instead of one that was added."),
        Setting(
            "stt.device", \.stt.device, .choice,
            "Where the recogniser computes. Where there is no graphics card that can be used, `cuda` is answered with a warning, and it goes on with the processor."
        ),
        Setting(
            "stt.compute_dtype", \.stt.computeDtype, .choice,
            "The numbers that it computes with: of a neural model that is published in several precisions the files that `mynah models add` takes. The built-in one scores sounds with logarithms of 8 bits: others are answered with a warning."
        ),
        Setting(
            "stt.beam_size", \.stt.beamSize, .optional(.integer(1...30)),
            "How many readings are followed while somebody speaks: fewer are faster and make more mistakes. The built-in recogniser takes them for thousands of hidden Markov models per frame, 5 unless this is set; it reads files with 30. Neural transducers of icefall take the best at every step unless this is set; others always do."
        ),
        Setting(
            "stt.threads", \.stt.threads, .integer(0...64),
            "How many threads one step of a neural model takes; steps are taken side by side on as many as there are cores. 0 is 1 for models that stream, and as many as cores for those that read whole utterances."
        ),
        Setting(
            "stt.decoders", \.stt.decoders, .integer(0...1024),
            "How many people can be recognised at once, about 100 MB each; 0 is ten per core within a quarter of the memory, and with a neural model as many as it measures that it keeps up with."
        ),
        Setting(
            "stt.hang_timeout_ms", \.stt.hangTimeoutMS, .integer(500...60_000, unit: "ms"),
            "A recogniser that does not answer for so long is replaced, and its utterance is tried once more."),
        Setting(
            "stt.wait_for_decoder_ms", \.stt.waitForDecoderMS, .integer(0...30_000, unit: "ms"),
            "How long speech waits for a free decoder before the client is told `overloaded`."),
        Setting(
            "stt.fallback", \.stt.fallback, .ranking(),
            "What hears an utterance that the recogniser failed on, and all of them while it fails, in this order; each is started when it is first needed. Beside itself `pocketsphinx` searches more narrowly; the others are left out of their own list."
        ),
        Setting(
            "stt.openai.base_url", \.stt.openai.baseURL, .url,
            "Where OpenAI's interface for transcription is served, by that company, another Mynah or anybody; `/v1` is added unless it ends so. What is said goes there."
        ),
        Setting(
            "stt.openai.api_key", \.stt.openai.apiKey, .optional(.secret),
            "What authorises there. Let it come from the environment or a file: others on the machine see a flag."),
        Setting(
            "stt.openai.api_key_file", \.stt.openai.apiKeyFile, .optional(.keyFile), "File with that key instead."),
        Setting("stt.openai.model", \.stt.openai.model, .text, "The model that is asked for."),
        Setting(
            "stt.openai.timeout_ms", \.stt.openai.timeoutMS, .integer(200...120_000, unit: "ms"),
            "How long an utterance may take there, repetitions included, before something stands in."),
        Setting(
            "stt.openai.max_concurrent", \.stt.openai.maxConcurrent, .integer(1...1024),
            "Requests at once; who is beyond waits as for a decoder."),
        Setting(
            "stt.openai.partials_ms", \.stt.openai.partialsMS, .integerOrZero(500...15_000, unit: "ms"),
            "While somebody speaks, what was said so far is sent again after so much more speech, for partial results; each counts as a request. 0 sends whole utterances only."
        ),
        Setting(
            "stt.openai.price_per_minute", \.stt.openai.pricePerMinute, .number(0...1000),
            "What a minute of speech costs there, for `mynah_remote_cost_total`."),

        Setting(
            "tts.openai.base_url", \.tts.openai.baseURL, .url, environment: "TTS_BASE_URL",
            "Where OpenAI's interface for speech is served; `/v1` is added unless it ends so. What is to be spoken goes there."),
        Setting(
            "tts.openai.api_key", \.tts.openai.apiKey, .optional(.secret),
            "What authorises there. Let it come from the environment or a file: others on the machine see a flag."),
        Setting(
            "tts.openai.api_key_file", \.tts.openai.apiKeyFile, .optional(.keyFile), "File with that key instead."),
        Setting("tts.openai.model", \.tts.openai.model, .text, "The model that is asked for."),
        Setting(
            "tts.openai.voices", \.tts.openai.voices, .list(.text, atMost: 256),
            "What the provider calls its voices; the first speaks unless a request names another."),
        Setting(
            "tts.openai.timeout_ms", \.tts.openai.timeoutMS, .integer(200...120_000, unit: "ms"),
            "How long it may take until speech begins to come, repetitions included, and between two pieces of it."),
        Setting(
            "tts.openai.price_per_million_characters", \.tts.openai.pricePerMillionCharacters, .number(0...100_000),
            "What a million characters cost there, for `mynah_remote_cost_total`."),

        Setting(
            "tts.engine", \.tts.engine, .choice, environment: "TTS_ENGINE",
            "What speaks when no voice is named: `flite` is built in (English), `sherpa` runs a voice that was added, whichever of its kinds is named (`piper`, `coqui`, `kokoro`). `auto` takes the voice that was added for `language.default`, and the built-in one while there is none; `openai` asks a provider (`tts.openai`)."
        ),
        Setting(
            "tts.voice", \.tts.voice, .optional(.voiceName),
            "Who speaks when no voice is named: `slt`, `awb`, `rms`, `kal16`, or a model that was added, with the number of its speaker (`vctk/12`) if it has several."
        ),

        Setting(
            "speakers.enabled", \.speakers.enabled, .boolean,
            "Whether the results of live sessions say who speaks; a model for speaker embeddings must have been added ([models](models.md))."
        ),
        Setting(
            "speakers.threshold", \.speakers.threshold, .number(0...2),
            "How far apart two voices may be (cosine distance of their embeddings) to be taken for one person; lower finds more people."
        ),

        Setting(
            "resilience.circuit_breaker.failure_threshold", \.resilience.circuitBreaker.failureThreshold, .integer(1...1000),
            "Utterances in a row that the recogniser fails on before it is not asked any more."),
        Setting(
            "resilience.circuit_breaker.reset_timeout", \.resilience.circuitBreaker.resetTimeout, .integer(1...3600, unit: "s"),
            "How long until it is tried with one utterance again."),
        Setting(
            "resilience.bulkhead.max_concurrent", \.resilience.bulkhead.maxConcurrent, .integer(0...1024),
            "Utterances at the recogniser at once, for which no more decoders are kept; 0 is as many as `stt.decoders`."),
        Setting(
            "resilience.bulkhead.max_queue_size", \.resilience.bulkhead.maxQueueSize, .integer(0...10_000),
            "Utterances that may wait for a decoder; the client of one more is told `overloaded` at once."),
        Setting(
            "resilience.watchdog_timeout_ms", \.resilience.watchdogTimeoutMS, .integer(500...60_000, unit: "ms"),
            "A session that keeps the thread which it shares with others for longer is given up, so that they go on; audio waits for 4 s without loss."
        ),
        Setting(
            "resilience.overload_lag_ms", \.resilience.overloadLagMS, .integer(0...10_000, unit: "ms"), isReloadable: true,
            "When half of the results come later than this, no new session is begun; 0 begins all."),

        Setting("language.default", \.language.default, .languageCode, "Language of a stream or file that names none."),
        Setting("language.sentiment", \.language.sentiment, .boolean, "Whether finals are published with their sentiment."),

        Setting(
            "output.enabled", \.output.enabled, .boolean,
            "Whether results and events of all sessions are published on ports of their own; `server.listen` has `/stream` all the same."
        ),
        Setting(
            "output.zmq_pub_port_events", \.output.zmqPubPortEvents, .port,
            "Where ZeroMQ subscribers hear of events, at the address of `server.listen`."),
        Setting("output.zmq_pub_port_transcripts", \.output.zmqPubPortTranscripts, .port, "Where they get final transcripts."),
        Setting(
            "output.websocket_port", \.output.websocketPort, .port,
            "Where `/stream`, `/stats` and the reference are served beside `server.listen`."),
        Setting(
            "output.partials", \.output.partials, .boolean,
            "Whether ZeroMQ subscribers get partial results too; those of `/stream` ask for them."),
        Setting(
            "output.zmq_curve_key_file", \.output.zmqCurveKeyFile, .optional(.path),
            "File with the CURVE secret key; subscribers then need its public half. Required beyond loopback, or else the next one."
        ),
        Setting(
            "output.zmq_unencrypted", \.output.zmqUnencrypted, .boolean,
            "Whether everybody who reaches the ZeroMQ ports may read what is said, beyond loopback: for networks of containers."),

        Setting(
            "failover.role", \.failover.role, .choice,
            "Which of two servers this is. The primary answers as long as it can; the standby mirrors it, and takes over when it cannot."
        ),
        Setting(
            "failover.peer", \.failover.peer, .optional(.address),
            "Where the other server has its `failover.listen`. Empty is a server by itself."),
        Setting(
            "failover.listen", \.failover.listen, .address,
            "Where the other server finds this one. What crosses is encrypted, and only holders of the key are let in."),
        Setting(
            "failover.key_file", \.failover.keyFile, .optional(.path),
            "File with the secret key that both servers and the witness share; `mynah keygen` makes one. Required with a peer."),
        Setting(
            "failover.witness", \.failover.witness, .optional(.address),
            "The `mynah witness` on a third machine that says which of two servers leads. Empty for two on one machine."),
        Setting(
            "failover.lease_directory", \.failover.leaseDirectory, .path,
            defaultNote: "`lease` in `MYNAH_DATA`, else in `$XDG_DATA_HOME/mynah`, else in `~/.local/share/mynah`",
            "Where two servers on one machine write down which of them leads; the same for both."),

        Setting(
            "session.resume_window_seconds", \.session.resumeWindowSeconds, .integer(1...600, unit: "s"),
            isReloadable: true, "How long a session whose connection broke can be resumed."),
        Setting(
            "session.max_sessions", \.session.maxSessions, .integer(1...100_000), isReloadable: true,
            "The most sessions, connected or resumable."),

        Setting(
            "models.directory", \.models.directory, .path,
            defaultNote: "`models` in `MYNAH_DATA`, else in `$XDG_DATA_HOME/mynah`, else in `~/.local/share/mynah`",
            "Where models are found."),

        Setting(
            "log.level", \.log.level, .choice, environment: "RTAP_LOG_LEVEL", isReloadable: true,
            "The least severe level that is logged."),
        Setting("log.format", \.log.format, .choice, "`auto` is text on a terminal and JSON everywhere else."),
        Setting("log.transcripts", \.log.transcripts, .boolean, "Whether logs may hold recognised text."),
    ]
}
