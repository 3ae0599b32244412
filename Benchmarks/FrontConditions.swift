extension FrontEnd {
    /// How a voice sounds in the room and on the microphone.
    enum Condition: CaseIterable {
        case clean, quiet, faint, far, twoVoices, loud, hum, rumble, offset, whiteNoise

        var name: String {
            switch self {
            case .clean: "clean"
            case .quiet: "voice at -40 dB"
            case .faint: "voice at -55 dB"
            case .far: "voice at -50 dB in the noise of the microphone"
            case .twoVoices: "voices at -15 and -45 dB in turns"
            case .loud: "voice at -6 dB, clipped"
            case .hum: "hum of the mains, 10 dB above a voice at -34 dB"
            case .rumble: "rumble, 20 dB above a voice at -34 dB"
            case .offset: "a constant offset of a quarter of full scale"
            case .whiteNoise: "white noise at 20 dB"
            }
        }

        /// Whether the preprocessor promises to make it better; else it must not make it worse.
        var isHelped: Bool {
            switch self {
            case .faint, .twoVoices, .rumble: true
            default: false
            }
        }

        /// Of the utterance with this number in dB relative to full scale; nil is as recorded.
        func level(_ index: Int) -> Double? {
            switch self {
            case .quiet: -40
            case .faint: -55
            case .far: -50
            case .twoVoices: index.isMultiple(of: 2) ? -15 : -45
            case .loud: -6
            case .hum, .rumble: -34
            case .clean, .offset, .whiteNoise: nil
            }
        }

        /// What the room and the microphone add, rms of 16-bit samples.
        var room: Double {
            switch self {
            case .faint: 0.3
            case .quiet: 1
            default: 3
            }
        }

        /// The recording with what disturbs it.
        func disturbed(_ recording: [Int16], voice: [Int16], seed: Int) -> [Int16] {
            switch self {
            case .clean, .quiet, .faint, .far, .twoVoices, .loud: recording
            case .hum: Noise.hum.added(to: recording, decibels: -10, below: voice, seed: seed)
            case .rumble: Noise.rumble.added(to: recording, decibels: -20, below: voice, seed: seed)
            case .offset: recording.map { Int16(clamping: Int($0) + 8192) }
            case .whiteNoise: Noise.white.added(to: recording, decibels: 20, below: voice, seed: seed)
            }
        }
    }
}
