import Foundation
import Glibc
import MynahConfiguration
import SpeechModel
import Testing

@Suite struct LayeringTests {
    @Test func withoutFilesEveryValueIsTheDefault() throws {
        let configuration = try load()
        #expect(configuration.settings == Settings(environment: [:]))
        for setting in Setting.all { #expect(configuration.origin(of: setting.key) == .default) }
    }

    @Test func eachSourceIsLaidOverTheOneBefore() throws {
        let workspace = try Workspace([
            "default.yaml": "audio:\n  frame_ms: 30\n  channels: 2\n  sample_rate: 8000\n  device: a\n",
            "pc2.yaml": "audio:\n  channels: 1\n  sample_rate: 44100\n  device: b\n",
        ])
        let configuration = try workspace.load(
            ["RTAP_ENVIRONMENT": "pc2", "MYNAH_AUDIO_SAMPLE_RATE": "48000", "AUDIO_DEVICE": "c"],
            [.set("audio.device=d"), Flag("--device", key: "audio.device", value: "hw:1,0")])
        let audio = configuration.settings.audio
        #expect(audio.frameMS == 30 && audio.channels == 1 && audio.sampleRate == 48_000 && audio.device == "hw:1,0")
        #expect(configuration.files == ["default.yaml", "pc2.yaml"].map { "\(workspace.directory)/\($0)" })
        #expect(configuration.origin(of: "audio.frame_ms") == .file(path: "\(workspace.directory)/default.yaml", line: 2))
        #expect(configuration.origin(of: "audio.channels") == .file(path: "\(workspace.directory)/pc2.yaml", line: 2))
        #expect(configuration.origin(of: "audio.sample_rate") == .environment(name: "MYNAH_AUDIO_SAMPLE_RATE"))
        #expect(configuration.origin(of: "audio.device") == .flag(name: "--device"))
        #expect(configuration.origin(of: "log.level") == .default)
    }

    @Test func aGroupStandsBelowItsSection() throws {
        let workspace = try Workspace([
            "default.yaml":
                "resilience:\n  circuit_breaker:\n    failure_threshold: 2\n  bulkhead:\n  overload_lag_ms: 100\n",
            "pc2.yaml": "resilience:\n  circuit_breaker: {reset_timeout: 7}\n  bulkhead.max_queue_size: 5\n",
        ])
        let configuration = try workspace.load(
            ["RTAP_ENVIRONMENT": "pc2"], [.set("resilience.bulkhead.max_concurrent=8")])
        let resilience = configuration.settings.resilience
        #expect(resilience.circuitBreaker.failureThreshold == 2 && resilience.circuitBreaker.resetTimeout == 7)
        #expect(resilience.bulkhead.maxConcurrent == 8 && resilience.bulkhead.maxQueueSize == 5)
        #expect(resilience.overloadLagMS == 100)
        let origin = configuration.origin(of: "resilience.circuit_breaker.failure_threshold")
        #expect(origin == .file(path: "\(workspace.directory)/default.yaml", line: 3))
    }

    @Test func everyKeyIsReadFromItsGenericEnvironmentVariable() throws {
        let workspace = try Workspace(["default.yaml": ""])
        let token = try workspace.write("token", "0123456789abcdef\n")
        let values = [
            "server.listen": "[::1]:0", "server.token_file": token, "server.metrics_listen": "localhost:9464",
            "server.allowed_hosts": "a.example, b.example:8443", "server.max_connections": "7",
            "server.max_connections_per_address": "6", "server.idle_timeout_seconds": "5", "server.drain_timeout_seconds": "4",
            "audio.sample_rate": "8000", "audio.frame_ms": "10", "audio.channels": "2", "audio.device": "hw:0",
            "audio.mock": "true", "audio.sources": "a=loop:x.wav, b=file:y.wav",
            "audio.ring_buffer_size_ms": "9000", "preprocess.vad": "ENERGY", "preprocess.denoise": "ON",
            "preprocess.vad_aggressiveness": "3", "preprocess.high_pass": "off", "preprocess.gain": "ON",
            "endpointing.silence_ms": "700", "endpointing.minimum_speech_ms": "50", "endpointing.maximum_utterance_ms": "9000",
            "stt.model_name": "de-de", "stt.device": "CUDA", "stt.compute_dtype": "float16", "stt.beam_size": "3",
            "wakeword.enabled": "true", "wakeword.phrases": "jarvis", "wakeword.sensitivity": "0.3", "wakeword.window_ms": "5000",
            "stt.model_path": "/model", "stt.threads": "2", "stt.engine": "PocketSphinx", "stt.decoders": "3",
            "stt.hang_timeout_ms": "900", "stt.wait_for_decoder_ms": "0",
            "tts.engine": "FLITE", "tts.voice": "vctk/12", "speakers.enabled": "true", "speakers.threshold": "0.7",
            "stt.fallback": "NONE", "stt.openai.base_url": "http://mynah.example:8080/v1", "stt.openai.api_key": "sk-1",
            "stt.openai.api_key_file": "", "stt.openai.model": "whisper-large", "stt.openai.timeout_ms": "900",
            "stt.openai.max_concurrent": "3", "stt.openai.partials_ms": "500", "stt.openai.price_per_minute": "0.006",
            "tts.openai.base_url": "https://voices.example", "tts.openai.api_key": "", "tts.openai.api_key_file": token,
            "tts.openai.model": "kokoro", "tts.openai.voices": "a, b", "tts.openai.timeout_ms": "800",
            "tts.openai.price_per_million_characters": "15", "resilience.circuit_breaker.failure_threshold": "2",
            "resilience.circuit_breaker.reset_timeout": "1", "resilience.bulkhead.max_concurrent": "8",
            "resilience.bulkhead.max_queue_size": "0", "resilience.watchdog_timeout_ms": "900", "resilience.overload_lag_ms": "0",
            "language.default": "de", "language.sentiment": "false", "output.enabled": "FALSE",
            "output.zmq_pub_port_events": "7552", "output.zmq_pub_port_transcripts": "7553", "output.websocket_port": "0",
            "output.partials": "true", "output.zmq_curve_key_file": "/key", "output.zmq_unencrypted": "true",
            "failover.role": "Standby", "failover.peer": "10.0.0.1:6554", "failover.listen": "10.0.0.2:7554",
            "failover.key_file": "/pair.key", "failover.witness": "10.0.0.3:6560", "failover.lease_directory": "/lease",
            "session.resume_window_seconds": "30", "session.max_sessions": "9",
            "models.directory": "/models", "log.level": "WARNING", "log.format": "JSON", "log.transcripts": "True",
        ]
        #expect(values.keys.sorted() == Setting.all.map(\.key).sorted())
        // Empty is as good as not set: of a key and its file only one may be.
        let unset = values.filter(\.value.isEmpty).keys
        var environment: [String: String] = [:]
        for (key, value) in values { environment["MYNAH_" + key.uppercased().replacing(".", with: "_")] = value }
        let configuration = try workspace.load(environment)
        let settings = configuration.settings

        #expect(settings.server.listen == ListenAddress(host: "::1", port: 0))
        #expect(settings.server.tokenFile?.secret.exposed == "0123456789abcdef" && settings.server.tokenFile?.path == token)
        #expect(settings.server.metricsListen == ListenAddress(host: "localhost", port: 9464))
        #expect(settings.server.allowedHosts == ["a.example", "b.example:8443"])
        #expect(settings.server.maxConnections == 7 && settings.server.maxConnectionsPerAddress == 6)
        #expect(settings.server.idleTimeoutSeconds == 5 && settings.server.drainTimeoutSeconds == 4)
        #expect(settings.audio.sampleRate == 8000 && settings.audio.frameMS == 10 && settings.audio.channels == 2)
        #expect(settings.audio.device == "hw:0" && settings.audio.ringBufferSizeMS == 9000)
        #expect(settings.audio.mock == "true" && settings.audio.sources == ["a=loop:x.wav", "b=file:y.wav"])
        #expect(settings.preprocess.vad == .energy && settings.preprocess.vadAggressiveness == 3)
        #expect(settings.preprocess.highPass == .off && settings.preprocess.gain == .on)
        #expect(settings.endpointing.silenceMS == 700 && settings.endpointing.minimumSpeechMS == 50)
        #expect(settings.endpointing.maximumUtteranceMS == 9000)
        #expect(settings.wakeword.enabled && settings.wakeword.phrases == ["jarvis"])
        #expect(settings.wakeword.sensitivity == 0.3 && settings.wakeword.windowMS == 5000)
        #expect(settings.stt.engine == .pocketsphinx && settings.stt.decoders == 3)
        #expect(settings.stt.modelName == "de-de" && settings.stt.device == .cuda)
        #expect(settings.stt.modelPath == "/model" && settings.stt.threads == 2)
        #expect(settings.stt.computeDtype == .float16 && settings.stt.beamSize == 3)
        #expect(settings.stt.hangTimeoutMS == 900 && settings.stt.waitForDecoderMS == 0 && settings.stt.fallback.isEmpty)
        #expect(settings.tts.engine == .flite && settings.tts.voice == "vctk/12")
        #expect(settings.speakers.enabled && settings.speakers.threshold == 0.7)
        let stt = settings.stt.openai
        #expect(
            stt.baseURL == "http://mynah.example:8080/v1" && stt.apiKey?.value.exposed == "sk-1" && stt.model == "whisper-large")
        #expect(stt.timeoutMS == 900 && stt.maxConcurrent == 3 && stt.partialsMS == 500 && stt.pricePerMinute == 0.006)
        let tts = settings.tts.openai
        #expect(tts.baseURL == "https://voices.example" && tts.apiKeyFile?.path == token && tts.model == "kokoro")
        #expect(tts.voices == ["a", "b"] && tts.timeoutMS == 800 && tts.pricePerMillionCharacters == 15)
        let resilience = settings.resilience
        #expect(resilience.circuitBreaker.failureThreshold == 2 && resilience.circuitBreaker.resetTimeout == 1)
        #expect(resilience.bulkhead.maxConcurrent == 8 && resilience.bulkhead.maxQueueSize == 0)
        #expect(resilience.watchdogTimeoutMS == 900 && resilience.overloadLagMS == 0)
        #expect(settings.language.default == "de" && settings.models.directory == "/models")
        #expect(settings.session.resumeWindowSeconds == 30 && settings.session.maxSessions == 9)
        #expect(!settings.language.sentiment && !settings.output.enabled && settings.output.zmqPubPortEvents == 7552)
        #expect(settings.output.zmqPubPortTranscripts == 7553 && settings.output.websocketPort == 0)
        #expect(settings.output.partials && settings.output.zmqUnencrypted && settings.output.zmqCurveKeyFile == "/key")
        #expect(settings.log.level == .warning && settings.log.format == .json && settings.log.transcripts)
        for setting in Setting.all where !unset.contains(setting.key) {
            #expect(configuration.origin(of: setting.key) == .environment(name: setting.environmentNames[0]))
        }
    }

    @Test func theOlderEnvironmentNamesAreRead() throws {
        let configuration = try load(["RTAP_LOG_LEVEL": "ERROR", "AUDIO_DEVICE": "mic", "TTS_BASE_URL": "http://bark:8000"])
        #expect(configuration.settings.tts.openai.baseURL == "http://bark:8000")
        #expect(configuration.settings.log.level == .error && configuration.settings.audio.device == "mic")
        #expect(configuration.origin(of: "log.level") == .environment(name: "RTAP_LOG_LEVEL"))
    }

    @Test func twoNamesOfOneSettingMayAgreeButNotDiffer() throws {
        let agreed = try load(["RTAP_LOG_LEVEL": "debug", "MYNAH_LOG_LEVEL": "debug"])
        #expect(agreed.settings.log.level == .debug)
        #expect(
            try faults(["RTAP_LOG_LEVEL": "debug", "MYNAH_LOG_LEVEL": "info"]) == [
                "environment RTAP_LOG_LEVEL: `log.level`: MYNAH_LOG_LEVEL and RTAP_LOG_LEVEL are both set and differ; unset one."
            ])
    }

    @Test func anEmptyEnvironmentVariableCountsAsNotSet() throws {
        let configuration = try load(["MYNAH_AUDIO_FRAME_MS": "", "AUDIO_DEVICE": "", "RTAP_ENVIRONMENT": ""])
        #expect(configuration.settings == Settings(environment: [:]))
    }

    @Test func nothingAndTildeEmptyAnOptionalSetting() throws {
        let workspace = try Workspace([
            "default.yaml": "audio:\n  device: a\nserver:\n  metrics_listen: 127.0.0.1:1\n  allowed_hosts: [x]\n",
            "quiet.yaml": "audio:\n  device:\nserver:\n  metrics_listen: ~\n  allowed_hosts: null\n",
        ])
        let settings = try workspace.load(["RTAP_ENVIRONMENT": "quiet"]).settings
        #expect(settings.audio.device == nil && settings.server.metricsListen == nil && settings.server.allowedHosts == [])
        #expect(try workspace.load([:], [.set("audio.device=")]).settings.audio.device == nil)
    }

    @Test(arguments: [
        (["MYNAH_DATA": "/d", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/d/models"),
        (["XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/mynah/models"),
        (["MYNAH_DATA": "", "HOME": "/h"], "/h/.local/share/mynah/models"),
        ([:], "/var/lib/mynah/models"),
    ])
    func modelsAreInTheDataDirectory(environment: [String: String], directory: String) throws {
        #expect(try load(environment).settings.models.directory == directory)
    }

    @Test func theDirectoryIsTheFlagsThenTheVariablesThenTheWorkingDirectorys() throws {
        let a = try Workspace(["default.yaml": "audio:\n  frame_ms: 40\n"])
        let b = try Workspace(["default.yaml": "audio:\n  frame_ms: 50\n"])
        let named = try Configuration.load(directory: a.directory, environment: ["MYNAH_CONFIG": b.directory])
        #expect(named.settings.audio.frameMS == 40)
        let byVariable = try Configuration.load(environment: ["MYNAH_CONFIG": b.directory])
        #expect(byVariable.settings.audio.frameMS == 50)
    }

    @Test func withoutANameTheWorkingDirectorysConfigIsReadWhereThereIsOne() async throws {
        let workspace = try Workspace()
        try FileManager.default.createDirectory(atPath: "\(workspace.directory)/config", withIntermediateDirectories: true)
        try workspace.write("config/default.yaml", "audio:\n  frame_ms: 40\n")
        // The working directory belongs to the whole process, hence a process of its own.
        await #expect(processExitsWith: .success) { [directory = workspace.directory as String] in
            precondition(chdir(directory) == 0)
            let read = try Configuration.load(environment: [:])
            precondition(read.settings.audio.frameMS == 40 && read.files == ["config/default.yaml"])

            precondition(chdir("config") == 0)
            let builtIn = try Configuration.load(environment: ["MYNAH_CONFIG": ""])
            precondition(builtIn.settings == Settings(environment: [:]) && builtIn.files == [])
            do {
                _ = try Configuration.load(environment: ["RTAP_ENVIRONMENT": "pc2"])
                preconditionFailure("a profile without a directory")
            } catch let error as SpeechError {
                precondition(error.message.contains("there is no configuration directory for the profile `pc2`"))
            }
            exit(0)
        }
    }

    @Test func aNamedDirectoryWithoutDefaultYAMLIsAFault() throws {
        let workspace = try Workspace()
        let faults = try workspace.faults()
        #expect(faults.map(\.message) == ["the file cannot be read; check that it exists and that this user may read it."])
        #expect(faults.map(\.origin) == [.file(path: "\(workspace.directory)/default.yaml", line: 1)])
    }

    @Test func anUnknownProfileIsAFaultThatListsWhatExists() throws {
        let workspace = try Workspace(["default.yaml": "", "pc2.yaml": "", "notes.txt": "", ".hidden.yaml": ""])
        #expect(
            try workspace.faults(["RTAP_ENVIRONMENT": "../pc2"]).map(\.description) == [
                "environment RTAP_ENVIRONMENT: there is no profile `../pc2` in \(workspace.directory); there is `default`, `pc2`."
            ])
        let error = #expect(throws: SpeechError.self) {
            try Configuration.load(directory: "/nowhere", environment: ["RTAP_ENVIRONMENT": "pc2"])
        }
        #expect(error?.message.contains("there is no profile `pc2` in /nowhere; there is none.") == true)
    }

    @Test func substitutionTakesTheVariableElseTheDefault() throws {
        let workspace = try Workspace([
            "default.yaml": """
            server:
              listen: ${HOST:127.0.0.1}:${PORT:8080}
              allowed_hosts: ["${NAME:a.example}", b.example]
            audio:
              frame_ms: "${FRAME:40}"
              device: $5 $${X} ${EMPTY:}
            models:
              directory: ${DATA}/m
            """
        ])
        let settings = try workspace.load(["PORT": "9", "NAME": "c.example", "DATA": "/d", "EMPTY": ""]).settings
        #expect(
            settings.server.listen.description == "127.0.0.1:9" && settings.server.allowedHosts == ["c.example", "b.example"])
        #expect(settings.audio.frameMS == 40 && settings.audio.device == "$5 ${X} " && settings.models.directory == "/d/m")
    }

    @Test func aSubstitutionThatLeavesNothingEmptiesTheSetting() throws {
        let workspace = try Workspace(["default.yaml": "audio:\n  device: ${MIC:}\n"])
        #expect(try workspace.load().settings.audio.device == nil)
    }
}
