/// A sentence to be spoken.
public struct SynthesisJob: Sendable {
    public var text: String
    public var speaker: Int
    /// 1 is the voice's own.
    public var speed: Double

    public init(text: String, speaker: Int, speed: Double) {
        self.text = text
        self.speaker = speaker
        self.speed = speed
    }

    public init?(_ values: [JobValue]) {
        guard case .text(let text)? = values.first, case .numbers(let numbers)? = values.last, numbers.count == 2 else {
            return nil
        }
        self.init(text: text, speaker: Int(numbers[0]), speed: numbers[1])
    }

    public var values: [JobValue] { [.text(text), .numbers([Double(speaker), speed])] }
}
