public import SpeechModel

extension SpeechPipeline {
    /// How a session listens.
    public struct Configuration: Sendable {
        /// When a pause ends an utterance.
        public var endpointing: any EndpointingStrategy
        /// Speech without a gap that begins an utterance, in ms.
        public var minimumSpeechMS: Int
        /// The longest utterance, in ms.
        public var maximumUtteranceMS: Int
        /// Audio that is kept for pre-roll and while a decoder is awaited, in ms.
        public var ringMS: Int
        /// When the recogniser is asked to suppress noise first.
        public var noiseSuppression: Treatment
        /// When what lies below a voice is filtered out.
        public var highPass: Treatment
        /// When a voice is brought to the usual level.
        public var gain: Treatment
        /// What has to be said before anything is recognised; nil for nothing.
        public var wakeWord: WakeWord?

        /// Makes a configuration.
        public init(
            endpointing: any EndpointingStrategy = FixedSilence(), minimumSpeechMS: Int = 96, maximumUtteranceMS: Int = 15_000,
            ringMS: Int = 4000, noiseSuppression: Treatment = .auto, highPass: Treatment = .auto, gain: Treatment = .auto,
            wakeWord: WakeWord? = nil
        ) {
            self.wakeWord = wakeWord
            self.noiseSuppression = noiseSuppression
            self.highPass = highPass
            self.gain = gain
            self.endpointing = endpointing
            self.minimumSpeechMS = minimumSpeechMS
            self.maximumUtteranceMS = maximumUtteranceMS
            self.ringMS = ringMS
        }
    }
}
