public import SpeechModel

/// Finds out who speaks when in a recording.
public protocol SpeakerDiarizer: Sendable {
    /// Loads the models.
    func start() async throws
    /// The turns of all speakers, by their beginning; two who speak at the same time have a turn each.
    ///
    /// - Parameters:
    ///   - samples: 16 kHz, mono, 16-bit.
    ///   - speakers: how many there are, where that is known.
    ///   - progress: hears how far it is, 0 to 1.
    func turns(
        in samples: [Int16], speakers: Int?, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> [SpeakerTurn]
    /// Frees the models.
    func stop() async
}

/// Makes voices comparable.
public protocol VoiceComparer: Sendable {
    /// Loads the model.
    func start() async throws
    /// The speaker's embedding: a vector that points nearly the same way whatever the same person says.
    ///
    /// - Parameter samples: speech of one person: 16 kHz, mono, 16-bit; better with two seconds or more.
    func embedding(of samples: [Int16]) async throws -> [Double]
    /// Frees the model.
    func stop() async
}
