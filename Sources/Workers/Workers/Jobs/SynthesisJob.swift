/// A sentence to be spoken.
public struct SynthesisJob: Sendable {
    public var text: String
    public var speaker: Int
    /// 1 is the voice's own.
    public var speed: Double
    /// What it is written in, ISO 639-1, for voices of several languages; nil is the voice's first.
    public var language: String?

    public init(text: String, speaker: Int, speed: Double, language: String? = nil) {
        self.text = text
        self.language = language
        self.speaker = speaker
        self.speed = speed
    }

    public init?(_ values: [JobValue]) {
        guard values.count == 3, case .text(let text) = values[0], case .text(let language) = values[1],
            case .numbers(let numbers) = values[2], numbers.count == 2
        else { return nil }
        self.init(text: text, speaker: Int(numbers[0]), speed: numbers[1], language: language.isEmpty ? nil : language)
    }

    public var values: [JobValue] { [.text(text), .text(language ?? ""), .numbers([Double(speaker), speed])] }
}
