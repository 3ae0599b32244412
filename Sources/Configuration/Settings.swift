public import SpeechModel

/// The effective configuration as the program reads it. The initial values here are the defaults; ``Setting/all`` says what each
/// value means, what it may be and how it is named outside.
public struct Settings: Sendable, Equatable {
    public var server = Server()
    public var audio = Audio()
    public var preprocess = Preprocess()
    public var endpointing = Endpointing()
    public var wakeword = WakeWord()
    public var stt = STT()
    public var tts = TTS()
    public var speakers = Speakers()
    public var resilience = Resilience()
    public var language = Language()
    public var output = Output()
    public var failover = Failover()
    public var session = Session()
    public var models = Models()
    public var log = Log()

    /// The defaults for a process with this environment: the models' directory depends on `MYNAH_DATA`, `XDG_DATA_HOME` and `HOME`.
    public init(environment: [String: String]) {
        let data = dataDirectory(environment: environment)
        models.directory = data + "/models"
        failover.leaseDirectory = data + "/lease"
    }

    public struct Server: Sendable, Equatable {
        public var listen = ListenAddress(host: "127.0.0.1", port: 8080)
        public var tokenFile: SecretFile?
        public var metricsListen: ListenAddress?
        public var allowedHosts: [String] = []
        public var maxConnections = 1200
        public var maxConnectionsPerAddress = 256
        public var idleTimeoutSeconds = 60
        public var drainTimeoutSeconds = 10
    }

    public struct Audio: Sendable, Equatable {
        public var sampleRate = 16_000
        public var frameMS = 20
        public var channels = 1
        public var device: String?
        public var mock: String?
        public var sources: [String] = []
        public var ringBufferSizeMS = 4000
    }

    public struct Preprocess: Sendable, Equatable {
        public var vad = VoiceActivity.silero
        public var vadAggressiveness = 2
        public var highPass = Treatment.auto
        public var gain = Treatment.auto
        public var denoise = Treatment.auto

        public enum VoiceActivity: String, Sendable, CaseIterable { case silero, energy }
    }

    public struct Endpointing: Sendable, Equatable {
        public var silenceMS = 500
        public var minimumSpeechMS = 96
        public var maximumUtteranceMS = 15_000
    }

    public struct WakeWord: Sendable, Equatable {
        public var enabled = false
        public var phrases = ["hey computer"]
        public var sensitivity = 0.55
        public var windowMS = 8000
    }

    public struct STT: Sendable, Equatable {
        public var engine = Engine.auto
        /// nil means the engine's own, or the default of those that were added.
        public var modelName: String?
        public var modelPath: String?
        public var device = Device.cpu
        public var computeDtype = ComputeDtype.int8
        public var beamSize: Int?
        /// 0 means as many as cores.
        public var threads = 0
        /// 0 means as many as cores and memory allow.
        public var decoders = 0
        public var hangTimeoutMS = 2000
        public var waitForDecoderMS = 2000

        public var fallback = [Fallback.pocketsphinx]
        public var openai = OpenAI()

        public enum Engine: String, Sendable, CaseIterable { case auto, pocketsphinx, sherpa, openai }
        public enum Device: String, Sendable, CaseIterable { case cpu, cuda }
        public enum ComputeDtype: String, Sendable, CaseIterable { case int8, float16, float32 }
        public enum Fallback: String, Sendable, CaseIterable { case sherpa, openai, pocketsphinx }

        public struct OpenAI: Sendable, Equatable {
            public var baseURL = "https://api.openai.com/v1"
            public var apiKey: Secret?
            public var apiKeyFile: SecretFile?
            public var model = "whisper-1"
            public var timeoutMS = 10_000
            public var maxConcurrent = 16
            /// 0 asks for none.
            public var partialsMS = 0
            public var pricePerMinute = 0.0
        }
    }

    public struct TTS: Sendable, Equatable {
        public var engine = Engine.auto
        /// nil means the engine's own, or the default of those that were added.
        public var voice: String?
        public var openai = OpenAI()

        /// `piper`, `coqui` and `kokoro` are kinds of neural voices.
        public enum Engine: String, Sendable, CaseIterable { case auto, flite, sherpa, piper, coqui, kokoro, openai }

        public struct OpenAI: Sendable, Equatable {
            public var baseURL = "https://api.openai.com/v1"
            public var apiKey: Secret?
            public var apiKeyFile: SecretFile?
            public var model = "tts-1"
            public var voices = ["alloy"]
            public var timeoutMS = 10_000
            public var pricePerMillionCharacters = 0.0
        }
    }

    public struct Speakers: Sendable, Equatable {
        public var enabled = false
        public var threshold = 0.5
    }

    public struct Resilience: Sendable, Equatable {
        public var circuitBreaker = CircuitBreaker()
        public var bulkhead = Bulkhead()
        public var watchdogTimeoutMS = 3000
        /// 0 lets every session in.
        public var overloadLagMS = 500

        public struct CircuitBreaker: Sendable, Equatable {
            public var failureThreshold = 5
            /// In seconds.
            public var resetTimeout = 30
        }

        public struct Bulkhead: Sendable, Equatable {
            /// 0 means as many as there are decoders.
            public var maxConcurrent = 0
            public var maxQueueSize = 32
        }
    }

    public struct Language: Sendable, Equatable {
        public var `default` = "en"
        public var sentiment = true
    }

    public struct Output: Sendable, Equatable {
        public var enabled = true
        public var zmqPubPortEvents = 6552
        public var zmqPubPortTranscripts = 6553
        public var websocketPort = 5802
        public var partials = false
        public var zmqCurveKeyFile: String?
        public var zmqUnencrypted = false
    }

    public struct Failover: Sendable, Equatable {
        public var role = Role.primary
        public var peer: ListenAddress?
        public var listen = ListenAddress(host: "127.0.0.1", port: 6554)
        public var keyFile: String?
        public var witness: ListenAddress?
        public var leaseDirectory = ""

        public enum Role: String, Sendable, CaseIterable { case primary, standby }
    }

    public struct Session: Sendable, Equatable {
        public var resumeWindowSeconds = 60
        public var maxSessions = 2000
    }

    public struct Models: Sendable, Equatable {
        public var directory = ""
    }

    public struct Log: Sendable, Equatable {
        public var level = Level.info
        public var format = Format.auto
        public var transcripts = false

        public enum Level: String, Sendable, CaseIterable { case debug, info, warning, error }
        public enum Format: String, Sendable, CaseIterable { case auto, json, text }
    }
}

/// Where the program keeps data: `MYNAH_DATA`, else `mynah` in `XDG_DATA_HOME`, else `~/.local/share/mynah`, else, for a process
/// without a home, `/var/lib/mynah`.
public func dataDirectory(environment: [String: String]) -> String {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    return value("MYNAH_DATA") ?? value("XDG_DATA_HOME").map { $0 + "/mynah" } ?? value("HOME").map { $0 + "/.local/share/mynah" }
        ?? "/var/lib/mynah"
}
