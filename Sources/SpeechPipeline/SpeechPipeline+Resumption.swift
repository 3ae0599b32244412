extension SpeechPipeline {
    /// Where a session goes on that began elsewhere.
    public struct Resumption: Sendable {
        /// The first sample that it hears, at the client's rate.
        public var inputSample: Int
        /// The number of its last final.
        public var lastSequence: Int
        /// Whether its wake word was said not long ago.
        public var isAwake: Bool

        /// Makes a place to go on from.
        public init(inputSample: Int, lastSequence: Int, isAwake: Bool = false) {
            self.isAwake = isAwake
            self.inputSample = inputSample
            self.lastSequence = lastSequence
        }
    }
}
