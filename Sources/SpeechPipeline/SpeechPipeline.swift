public import SpeechModel

/// The way of one audio frame, as a pure state machine: bytes and hypotheses in, actions out; no clock, no thread, no I/O.
///
/// framing → resampling → preprocessing and voice activity → endpointing → recognition → transcripts: one folder each, in this order.
public struct SpeechPipeline {
    /// The client may forget silence this often, in samples: one second.
    private static let silenceReportInterval = SampleTime.rate
    /// Detectors may take speech back by this much, so it is not yet forgotten: pre-roll and the windows that prove speech.
    private static let keptSilence = SampleTime.rate

    /// What the client sends.
    public let format: AudioFormat
    private let detector: any VoiceActivityDetector
    private var decoder: PCMDecoder
    private var resampler: Resampler
    private var ring: SampleRing
    private var endpointer: Endpointer
    private var preprocessor: Preprocessor
    private let noiseSuppression: Treatment
    private var noise = NoiseMeter()
    private var queue = UtteranceQueue()
    private var wakefulness: Wakefulness
    private var stabiliser = Stabiliser()

    private var decoded: [Float] = []
    /// At 16 kHz, waiting for the window before it to be full and decided.
    private var undecided: [Float] = []
    private var window: [Float] = []
    /// Whether the full window is in the ring, and an open utterance has it.
    private var isHandedOver = false
    /// The first sample that is heard here: not 0 in a session that began elsewhere. Also at the client's rate.
    private let start: SampleTime
    private let firstInputSample: Int
    private var position: SampleTime
    private var epoch = 0
    private var lastNumber = 0
    private var current: UtteranceKey?
    private var sentThrough: SampleTime
    private var finalisedThrough: SampleTime
    private var hypothesisChangedAt: SampleTime
    /// Where the last utterance was cut at its limit, if it was.
    private var cut: SampleTime?
    private var isOver = false

    /// Whole sample frames taken so far, at the client's rate.
    public private(set) var receivedSamples: Int
    /// Number of the last final result.
    public private(set) var lastSequence: Int
    /// Words that partial results showed as stable, and how many of them changed afterwards.
    public var stability: (shown: Int, revised: Int) { (stabiliser.wordsShown, stabiliser.revisions) }
    /// Bytes of an unfinished sample frame at the end of what was received.
    public var pendingBytes: Int { decoder.pendingBytes }

    /// Makes the pipeline of one session.
    public init(
        format: AudioFormat, configuration: Configuration = Configuration(), detector: any VoiceActivityDetector,
        resuming: Resumption = Resumption(inputSample: 0, lastSequence: 0)
    ) {
        self.format = format
        self.detector = detector
        decoder = PCMDecoder(format: format)
        resampler = Resampler(inputRate: format.sampleRate)
        firstInputSample = resuming.inputSample
        receivedSamples = resuming.inputSample
        lastSequence = resuming.lastSequence
        start = resampler.time(ofInputSample: resuming.inputSample)
        (position, sentThrough, finalisedThrough, hypothesisChangedAt) = (start, start, start, start)
        ring = SampleRing(capacity: SampleTime.milliseconds(configuration.ringMS).sample, start: start)
        endpointer = Endpointer(
            strategy: configuration.endpointing, minimumSpeechMS: configuration.minimumSpeechMS,
            maximumUtteranceMS: configuration.maximumUtteranceMS)
        noiseSuppression = configuration.noiseSuppression
        wakefulness = Wakefulness(
            configuration.wakeWord, awakeSince: resuming.isAwake ? start : nil,
            windows: ring.capacity / VoiceActivityWindow.samples)
        preprocessor = Preprocessor(highPass: configuration.highPass, gain: configuration.gain)
        window.reserveCapacity(VoiceActivityWindow.samples)
    }

    /// Takes audio in the client's format, in any portions: ``accept(_:into:)`` and ``decide(into:)`` in one.
    ///
    /// - Throws: ``ErrorCode/invalidAudio`` for samples that are not numbers; the portion is then ignored.
    public mutating func ingest(_ bytes: UnsafeRawBufferPointer, into actions: inout [PipelineAction]) throws {
        try accept(bytes, into: &actions)
        decide(into: &actions)
    }

    /// Takes audio, and hands it on to an open utterance before anybody has looked whether there is speech in it: the recogniser need not
    /// wait for the detector. ``decide(into:)`` must follow soon.
    ///
    /// - Throws: as ``ingest(_:into:)``.
    public mutating func accept(_ bytes: UnsafeRawBufferPointer, into actions: inout [PipelineAction]) throws {
        decoded.removeAll(keepingCapacity: true)
        try decoder.decode(bytes, into: &decoded)
        receivedSamples += decoded.count
        decoded.withUnsafeBufferPointer { resampler.resample($0, into: &undecided) }
        // One window at a time, and not beyond the tail: what follows an endpoint belongs to the next utterance.
        let complete = (window.count + undecided.count) / VoiceActivityWindow.samples
        guard let current, complete == 1, !isHandedOver, let end = endpointer.expectedEnd,
            position + VoiceActivityWindow.samples <= end
        else { return }
        fillWindow()
        window.withUnsafeBufferPointer { ring.append($0) }
        isHandedOver = true
        send(current, from: sentThrough, to: ring.end, into: &actions)
    }

    /// Looks for speech in what was accepted, and begins and ends utterances.
    public mutating func decide(into actions: inout [PipelineAction]) {
        while window.count + undecided.count >= VoiceActivityWindow.samples {
            fillWindow()
            takeWindow(into: &actions)
        }
        fillWindow()
    }

    /// Whether ``decide(into:)`` has something to do.
    public var isUndecided: Bool { window.count + undecided.count >= VoiceActivityWindow.samples }

    /// Forgets the beginning of a sample frame whose rest will not come, because the connection that sent it was cut.
    public mutating func dropPartialSample() { decoder.dropPartialSample() }

    /// The stream is over: closes an open utterance. Finals may still follow from ``recognised(_:_:into:)``.
    public mutating func finish(into actions: inout [PipelineAction]) {
        resampler.flush(into: &undecided)
        decide(into: &actions)
        if !window.isEmpty {
            let count = window.count
            window.append(contentsOf: repeatElement(0, count: VoiceActivityWindow.samples - count))
            preprocess()
            takeWindow(into: &actions)
        }
        isOver = true
        if let decision = endpointer.finish(at: position) { act(on: decision, into: &actions) }
        settle(into: &actions, atEnd: true)
    }

    /// Gives everything up that is being recognised; answers to it are ignored from now on.
    public mutating func interrupt(into actions: inout [PipelineAction]) {
        for entry in queue.entries { actions.append(.cancel(entry.key)) }
        queue.removeAll()
        current = nil
        epoch += 1
        _ = endpointer.finish(at: position)
    }

    /// Whether answers are still owed.
    public var isSettled: Bool { queue.entries.isEmpty }

    /// A reading that may change, after `throughSample` samples of the utterance.
    public mutating func partial(
        _ hypothesis: Hypothesis, for key: UtteranceKey, throughSample: Int, into actions: inout [PipelineAction]
    ) {
        guard let entry = queue.entry(key) else { return }
        if entry.isSpotted { return wake(by: hypothesis, in: entry, into: &actions) }
        guard key == current else { return }
        hypothesisChangedAt = position
        let heardMS = throughSample / (SampleTime.rate / 1000)
        let stable = stabiliser.accept(hypothesis.words, heardMS: heardMS)
        let placed = hypothesis.shifted(byMS: entry.start.milliseconds)
        guard !placed.words.isEmpty else { return }
        actions.append(
            .emit(
                .partial(
                    PartialResult(
                        stable: Array(placed.words.prefix(stable)), unstable: Array(placed.words.dropFirst(stable)),
                        startMS: entry.start.milliseconds, endMS: entry.start.milliseconds + heardMS))))
    }

    /// The recogniser's last word on an utterance.
    public mutating func final(_ hypothesis: Hypothesis, for key: UtteranceKey, into actions: inout [PipelineAction]) {
        if let entry = queue.entry(key), entry.isSpotted { wake(by: hypothesis, in: entry, into: &actions) }
        queue.update(key) { $0.outcome = .final(hypothesis) }
        settle(into: &actions, atEnd: false)
    }

    /// The recogniser gave an utterance up.
    public mutating func failed(_ error: SpeechError, for key: UtteranceKey, into actions: inout [PipelineAction]) {
        queue.update(key) { $0.outcome = .failed(error) }
        if key == current { current = nil }
        settle(into: &actions, atEnd: false)
    }

    /// Calls `body` with one or two pieces of audio that ``PipelineAction/recognise(_:_:)`` named.
    public func withSamples(in range: Range<SampleTime>, _ body: (UnsafeBufferPointer<Int16>) -> Void) {
        ring.withSamples(in: range, body)
    }

    // MARK: - windows

    /// Moves samples into the window until it is full or there are no more.
    private mutating func fillWindow() {
        let count = min(VoiceActivityWindow.samples - window.count, undecided.count)
        guard count > 0 else { return }
        window.append(contentsOf: undecided[..<count])
        undecided.removeFirst(count)
        if window.count == VoiceActivityWindow.samples { preprocess() }
    }

    /// Once for each window, before the detector and the ring have it: they hear the same.
    private mutating func preprocess() {
        // Taken out, because two parts of this value cannot be changed at once.
        var window: [Float] = []
        swap(&window, &self.window)
        let change = window.withUnsafeMutableBufferPointer { preprocessor.apply(to: $0) }
        swap(&window, &self.window)
        if change != 0 {
            detector.levelChanged(by: change)
            noise.shift(by: change)
        }
    }

    private mutating func takeWindow(into actions: inout [PipelineAction]) {
        let isSpeech = window.withUnsafeBufferPointer { samples in
            if !isHandedOver { ring.append(samples) }
            let isSpeech = detector.isSpeech(samples)
            if noiseSuppression == .auto { noise.observe(samples, isSpeech: isSpeech) }
            return isSpeech
        }
        preprocessor.observe(isSpeech: isSpeech)
        isHandedOver = false
        window.removeAll(keepingCapacity: true)
        position = ring.end
        wakefulness.observe(isSpeech: isSpeech)
        advance(isSpeech: isSpeech, into: &actions)
    }

    /// The window that ends at ``position`` holds speech or not.
    private mutating func advance(isSpeech: Bool, into actions: inout [PipelineAction]) {
        let decision = endpointer.advance(
            isSpeech: isSpeech, windowEnd: position,
            hypothesisUnchangedMS: current == nil ? nil : SampleTime(position - hypothesisChangedAt).milliseconds)
        if isSpeech, let current { queue.update(current) { $0.lastSpeech = position } }
        act(on: decision, into: &actions)
        if endpointer.isSpeaking {
            if isSpeech { wakefulness.heardSpeech(through: position) }
        } else if !isSpeech, wakefulness.fallsAsleep(at: position) {
            actions.append(.fellAsleep)
        }
    }

    private mutating func act(on decision: Endpointer.Decision, into actions: inout [PipelineAction]) {
        switch decision {
        case .silence:
            if position - finalisedThrough >= Self.silenceReportInterval + Self.keptSilence {
                settle(into: &actions, atEnd: false)
            }
        case .speechStarted(let start):
            lastNumber += 1
            let key = UtteranceKey(epoch: epoch, number: lastNumber)
            current = key
            hypothesisChangedAt = position
            let keyPhrases = wakefulness.awaited
            let isGoingOn = keyPhrases != nil && cut == start
            let start = max(isGoingOn ? SampleTime(start.sample - Wakefulness.overlap) : start, ring.oldest)
            queue.begin(key, at: start, isSpotted: keyPhrases != nil)
            queue.update(key) { $0.lastSpeech = position }
            let suppressesNoise = noiseSuppression == .on || noiseSuppression == .auto && noise.isNoisy
            actions.append(.begin(key, suppressesNoise: suppressesNoise, keyPhrases: keyPhrases))
            send(key, from: start, to: position, into: &actions)
        case .speech:
            // In a pause, what follows the tail waits until it is known to be in the utterance: a third of a second of silence after
            // each one would cost the recogniser a tenth of its time.
            if let current, let end = endpointer.expectedEnd {
                send(current, from: sentThrough, to: min(position, end), into: &actions)
            }
        case .speechEnded(let end, let forced):
            cut = forced ? end : nil
            guard let key = current else { return }
            if end > sentThrough { send(key, from: sentThrough, to: end, into: &actions) }
            queue.update(key) {
                $0.end = end
                $0.endpointWaitMS = Double((position - $0.lastSpeech) * 1000) / Double(SampleTime.rate)
            }
            current = nil
            actions.append(.finish(key))
        }
    }

    private mutating func send(_ key: UtteranceKey, from: SampleTime, to: SampleTime, into actions: inout [PipelineAction]) {
        guard from < to else { return }
        sentThrough = to
        // Windows that came together go together: each message to a recogniser is answered.
        if case .recognise(key, let before)? = actions.last, before.upperBound == from {
            actions[actions.count - 1] = .recognise(key, before.lowerBound..<to)
        } else {
            actions.append(.recognise(key, from..<to))
        }
    }

    // MARK: - wake word

    /// If the wake word was said, goes back to its end and recognises what was said since.
    private mutating func wake(
        by hypothesis: Hypothesis, in entry: UtteranceQueue.Entry, into actions: inout [PipelineAction]
    ) {
        guard let phrase = hypothesis.words.first else { return }
        let end = min(entry.start + SampleTime.milliseconds(phrase.endMS).sample, position)
        actions.append(.woke(phrase: phrase.text, score: phrase.confidence))
        for spotted in queue.entries where spotted.isSpotted {
            // The one that knew is finished, for what it learnt of the speaker.
            if spotted.key != entry.key { actions.append(.cancel(spotted.key)) }
            if spotted.key == entry.key, entry.end == nil { actions.append(.finish(entry.key)) }
        }
        queue.removeSpotted()
        if let key = current, queue.entry(key) == nil { current = nil }
        wakefulness.wake(at: end)
        endpointer.restart(at: end)
        cut = nil
        for (isSpeech, windowEnd) in wakefulness.remembered(after: end, now: position) {
            position = windowEnd
            let isLater = windowEnd - end >= VoiceActivityWindow.samples + Wakefulness.settling
            advance(isSpeech: isSpeech && isLater, into: &actions)
        }
        if isOver, let decision = endpointer.finish(at: position) { act(on: decision, into: &actions) }
        settle(into: &actions, atEnd: isOver)
    }

    // MARK: - results

    /// Emits what is answered, in the order of speech, and says how far the client may forget.
    private mutating func settle(into actions: inout [PipelineAction], atEnd: Bool) {
        while let entry = queue.popAnswered() {
            switch entry.outcome {
            case .final where entry.isSpotted: break
            case .failed(let error) where entry.isSpotted: actions.append(.spottingFailed(error))
            case .final(let hypothesis):
                stabiliser.finish(hypothesis.words)
                actions.append(.settled(entry.key, isSilent: hypothesis.words.isEmpty))
                guard !hypothesis.words.isEmpty else { break }
                lastSequence += 1
                actions.append(
                    .emit(
                        .final(
                            FinalResult(
                                sequence: lastSequence, hypothesis: hypothesis.shifted(byMS: entry.start.milliseconds),
                                startMS: entry.start.milliseconds, endMS: (entry.end ?? position).milliseconds,
                                latency: FinalLatency(endpointWaitMS: entry.endpointWaitMS)))))
            case .failed(let error):
                stabiliser.finish([])
                actions.append(.settled(entry.key, isSilent: false))
                actions.append(.emit(.failed(error)))
            case nil:
                break
            }
        }
        let through: SampleTime
        if let oldest = queue.oldestStart {
            through = oldest
        } else if atEnd {
            through = position
        } else {
            through = max(finalisedThrough, SampleTime(position.sample - Self.keptSilence))
        }
        guard through > finalisedThrough else { return }
        finalisedThrough = through
        actions.append(.emit(.finalised(throughInputSample: inputSample(at: through))))
    }

    private func inputSample(at time: SampleTime) -> Int {
        min(receivedSamples, firstInputSample + resampler.inputSample(at: SampleTime(time - start)))
    }
}
