public import SpeechModel
public import SpeechPipeline

/// Where a capture loop gets its audio.
public enum CaptureInput: Hashable, Sendable {
    /// A capture device by its ALSA name, such as `default` or `plughw:1,0`.
    case device(name: String)
    /// A file that `openAudio` reads, heard in real time; with `loops` again and again without a pause, as if it were a device.
    case recording(path: String, loops: Bool)
    /// Samples without a header on the standard input, as fast as they are written.
    case standardInput(AudioFormat)

    /// The longest name of a device, in characters; that of `audio.device` in the configuration.
    public static let maxDeviceNameLength = 256
    /// What somebody writes who means yes or no, and certainly no file.
    private static let nearlyTruths: Set<String> = ["0", "1", "no", "off", "on", "yes"]

    /// What the environment asks for.
    ///
    /// - Parameters:
    ///   - device: `AUDIO_DEVICE`, an ALSA name; empty is the same as `nil`.
    ///   - mock: `RTAP_AUDIO_MOCK`, which goes before `device`: `true` stands for the recording at `sample`, `false` and empty
    /// for
    ///     none, anything else is the path of a recording. Both are looped.
    ///   - sample: the path of the recording that came with the program, `nil` when none is installed.
    /// - Returns: `nil` when neither asks for anything.
    /// - Throws: `invalid-configuration` for what cannot be meant, whichever of the two is used; `missing-dependency` when the
    ///   sample is asked for and missing.
    public static func parse(device: String?, mock: String?, sample: String?) throws(SpeechError) -> CaptureInput? {
        let name = try text(device, of: "AUDIO_DEVICE", advice: "Name a device as `arecord -L` lists it.")
        if let name, name.count > maxDeviceNameLength {
            throw SpeechError(
                .invalidConfiguration,
                "AUDIO_DEVICE has \(name.count) characters; a device's name has at most \(maxDeviceNameLength).",
                advice: "Name a device as `arecord -L` lists it.")
        }
        return try recording(mock, sample: sample) ?? name.map { .device(name: $0) }
    }

    private static func recording(_ mock: String?, sample: String?) throws(SpeechError) -> CaptureInput? {
        let advice = "Set it to true, to false or to the path of a WAV file."
        guard let mock = try text(mock, of: "RTAP_AUDIO_MOCK", advice: advice) else { return nil }
        switch mock.lowercased() {
        case "false":
            return nil
        case "true":
            guard let sample else {
                throw SpeechError(
                    .missingDependency, "RTAP_AUDIO_MOCK asks for the built-in recording, which is not installed.",
                    advice: "Set it to the path of a WAV file, or install the speech samples.")
            }
            return .recording(path: sample, loops: true)
        case let word where nearlyTruths.contains(word) || word == "-":
            // A file that is really called so can be written as ./1.
            throw SpeechError(.invalidConfiguration, "RTAP_AUDIO_MOCK is “\(mock)”.", advice: advice)
        default:
            return .recording(path: mock, loops: true)
        }
    }

    /// A setting that says something; `nil` when it is not set or empty.
    private static func text(_ value: String?, of name: String, advice: String) throws(SpeechError) -> String? {
        guard let value, !value.isEmpty else { return nil }
        guard value == value.printable, !value.allSatisfy(\.isWhitespace) else {
            throw SpeechError(
                .invalidConfiguration, "\(name) holds control characters or nothing but spaces.", advice: advice)
        }
        return value
    }

    /// Whether it is opened again after it failed: it stands for something that never ends.
    var isReopened: Bool {
        switch self {
        case .device, .recording(_, loops: true): true
        case .recording, .standardInput: false
        }
    }

    /// Whether it would come faster than it was spoken.
    var isPaced: Bool {
        if case .recording = self { true } else { false }
    }

    /// Whether it can wait while nobody takes its audio, as only the standard input can; of everything else the oldest is dropped.
    public var canWait: Bool {
        if case .standardInput = self { true } else { false }
    }
}
