/// A contradiction between settings that are each valid alone.
struct Rule: Sendable {
    /// The settings that take part; the first is the one that the fault names.
    let keys: [String]
    /// What must hold, for the reference page.
    let sentence: String
    /// What to do when it does not.
    let advice: String
    let holds: @Sendable (Settings) -> Bool

    static let all = [
        Rule(
            keys: ["server.listen", "server.token_file"],
            sentence: "`server.listen` beyond loopback needs `server.token_file`.",
            advice: "Name a file with a token (`openssl rand -hex 32 > token`), or listen on 127.0.0.1.",
            holds: { $0.server.listen.isLoopback || $0.server.tokenFile != nil }),
        Rule(
            keys: ["server.metrics_listen", "server.listen"],
            sentence: "`server.metrics_listen` and `server.listen` cannot share a port.",
            advice: "Give one of them another port.",
            holds: { settings in settings.server.metricsListen.map { !$0.collides(with: settings.server.listen) } ?? true }),
        Rule(
            keys: ["output.websocket_port", "server.listen", "output.zmq_pub_port_events", "output.zmq_pub_port_transcripts"],
            sentence: "Every listener has a port of its own.",
            advice: "Give two of them different ports, or set one to 0 for any free one.",
            holds: { settings in
                guard settings.output.enabled else { return true }
                let output = settings.output
                let ports = [
                    settings.server.listen.port, output.websocketPort, output.zmqPubPortEvents, output.zmqPubPortTranscripts,
                ].filter { $0 != 0 }
                return Set(ports).count == ports.count
            }),
        Rule(
            keys: ["server.metrics_listen", "output.websocket_port"],
            sentence: "`server.metrics_listen` and `output.websocket_port` cannot share a port.",
            advice: "Give one of them another port.",
            holds: { settings in
                guard settings.output.enabled, let metrics = settings.server.metricsListen else { return true }
                return !metrics.collides(
                    with: ListenAddress(host: settings.server.listen.host, port: settings.output.websocketPort))
            }),
        Rule(
            keys: ["failover.key_file", "failover.peer"],
            sentence: "`failover.peer` needs `failover.key_file`.",
            advice: "Make a key with `mynah keygen FILE`, and give both servers that file.",
            holds: { $0.failover.peer == nil || $0.failover.keyFile != nil }),
        Rule(
            keys: ["failover.peer", "failover.listen"],
            sentence: "A server is not its own `failover.peer`.",
            advice: "Let it be the other server's `failover.listen`.",
            holds: { settings in settings.failover.peer.map { !$0.collides(with: settings.failover.listen) } ?? true }),
        Rule(
            keys: ["endpointing.minimum_speech_ms", "endpointing.maximum_utterance_ms"],
            sentence: "`endpointing.minimum_speech_ms` is at least 400 ms below `endpointing.maximum_utterance_ms`.",
            advice: "Lower the first or raise the second, else every utterance would be noise.",
            // Pre-roll and two windows, without which an utterance would begin at its limit.
            holds: { $0.endpointing.minimumSpeechMS + 400 <= $0.endpointing.maximumUtteranceMS }),
        Rule(
            keys: ["endpointing.silence_ms", "endpointing.maximum_utterance_ms"],
            sentence: "`endpointing.silence_ms` is below `endpointing.maximum_utterance_ms`.",
            advice: "Lower the first or raise the second, else no pause could end an utterance.",
            holds: { $0.endpointing.silenceMS < $0.endpointing.maximumUtteranceMS }),
        Rule(
            keys: ["wakeword.phrases", "wakeword.enabled"],
            sentence: "`wakeword.phrases` holds at most 16 phrases, and `wakeword.enabled` needs at least one.",
            advice: "Name phrases, for instance `[hey computer]`, or turn the wake word off.",
            holds: { $0.wakeword.phrases.count <= 16 && !($0.wakeword.enabled && $0.wakeword.phrases.isEmpty) }),
        Rule(
            keys: ["stt.wait_for_decoder_ms", "audio.ring_buffer_size_ms"],
            sentence: "`stt.wait_for_decoder_ms` is at most `audio.ring_buffer_size_ms`.",
            advice: "Lower the first or raise the second, else speech that waits would be dropped unheard.",
            holds: { $0.stt.waitForDecoderMS <= $0.audio.ringBufferSizeMS }),
        Rule(
            keys: ["stt.openai.api_key", "stt.openai.api_key_file"],
            sentence: "Only one of `stt.openai.api_key` and `stt.openai.api_key_file` is set.",
            advice: "Keep the file.",
            holds: { $0.stt.openai.apiKey == nil || $0.stt.openai.apiKeyFile == nil }),
        Rule(
            keys: ["tts.openai.api_key", "tts.openai.api_key_file"],
            sentence: "Only one of `tts.openai.api_key` and `tts.openai.api_key_file` is set.",
            advice: "Keep the file.",
            holds: { $0.tts.openai.apiKey == nil || $0.tts.openai.apiKeyFile == nil }),
        Rule(
            keys: ["tts.openai.voices"],
            sentence: "`tts.openai.voices` names at least one.",
            advice: "Write what the provider calls it, such as `alloy`.",
            holds: { !$0.tts.openai.voices.isEmpty }),
    ]
}
