/// Somebody speaks from here to there.
public struct SpeakerTurn: Sendable, Hashable {
    /// Milliseconds from the recording's start.
    public var startMS: Int
    /// Milliseconds from the recording's start.
    public var endMS: Int
    /// 0, 1, 2 … in the order of their first words.
    public var speaker: Int

    /// Notes a turn.
    public init(startMS: Int, endMS: Int, speaker: Int) {
        self.startMS = startMS
        self.endMS = endMS
        self.speaker = speaker
    }

    /// How a speaker is called who is not known by name: `speaker_1` is the first.
    public static func name(of speaker: Int) -> String { "speaker_\(speaker + 1)" }
}
