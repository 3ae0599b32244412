import CPocketSphinx
import Lanes
public import SpeechModel
public import Workers

/// PocketSphinx 5.1.1 in this process, one utterance at a time.
///
/// Only a `mynah worker` process (and a benchmark) makes one: the C code may crash. Not thread-safe.
public final class PocketSphinxDecoder: UtteranceDecoder {
    /// What the decoder is tuned for.
    public enum Mode: String, Sendable {
        /// One pass as the audio comes, the cepstral mean carried from utterance to utterance.
        case live
        /// The whole utterance at once: its own cepstral mean, and a second (flat lexicon) pass.
        case file
    }

    /// A quarter less work than with PocketSphinx's own 30, and not one word of 532 in our test speech different (3: 7 words worse).
    public static let defaultBeamSize = 5

    /// The mean to begin with: PocketSphinx's own default for near speech. Each session replaces it after its first utterance.
    private static let coldMean = "41.00,-5.29,-0.12,5.09,2.48,-4.07,-1.37,-1.78,-5.08,-2.05,-6.45,-1.42,1.17"
    /// Decoder frames are 10 ms long.
    private static let frameMS = 10

    /// What a cold utterance must have reached, in samples, for its mean to be estimated anew: 0.5, 1 and 2 s.
    private static let coldSteps = [SampleTime.rate / 2, SampleTime.rate, 2 * SampleTime.rate]
    /// How much the default mean weighs against the utterance's own, in frames: enough to tame an estimate from half a second.
    private static let coldWeight = 25.0

    private let decoder: OpaquePointer
    private let mode: Mode
    private var keyPhrases: KeyPhraseSearch?
    private var isSpotting = false
    private var utterance: [Int16] = []
    /// The steps that are still ahead while nothing is known about this session's speaker and microphone; else empty.
    private var stepsAhead: ArraySlice<Int> = []
    /// When the utterance began, in ns of the monotonic clock.
    private var beganAt: UInt64 = 0
    /// The mean that the current pass began with.
    private var passMean = CepstralMean()

    /// Loads the model.
    ///
    /// - Parameters:
    ///   - models: a folder `NAME`, for instance `en-us`, with `NAME/` (acoustic model), `NAME.lm.bin` and `cmudict-NAME.dict`.
    ///   - beamSize: hidden Markov models in a frame's beam at most, in thousands, for ``Mode/live``.
    /// - Throws: ``ErrorCode/brokenModel`` naming the folder.
    public init(models: String, mode: Mode, beamSize: Int = defaultBeamSize) throws(SpeechError) {
        self.mode = mode
        let name = models.split(separator: "/").last.map(String.init) ?? ""
        err_set_loglevel(ERR_ERROR)
        guard let config = ps_config_init(nil) else {
            throw SpeechError(.internalError, "PocketSphinx gave no configuration.", advice: "Is there memory left?")
        }
        defer { ps_config_free(config) }
        func set(_ name: String, _ value: String) { ps_config_set_str(config, name, value) }
        set("hmm", "\(models)/\(name)")
        set("lm", "\(models)/\(name).lm.bin")
        set("dict", "\(models)/cmudict-\(name).dict")
        // The model's own feat.params would override what is set here, so it is replaced by nothing and its values stand below.
        set("featparams", "/dev/null")
        ps_config_set_float(config, "lowerf", 130)
        ps_config_set_float(config, "upperf", 6800)
        ps_config_set_int(config, "nfilt", 25)
        set("transform", "dct")
        ps_config_set_int(config, "lifter", 22)
        set("feat", "1s_c_d_dd")
        set("svspec", "0-12/13-25/26-38")
        set("agc", "none")
        ps_config_set_bool(config, "varnorm", 0)
        // Spectral subtraction in the front end: the greatest single gain in noise that this engine has.
        ps_config_set_bool(config, "remove_noise", 1)
        set("cmn", mode == .live ? "live" : "batch")
        set("cmninit", Self.coldMean)
        ps_config_set_bool(config, "fwdflat", mode == .live ? 0 : 1)
        ps_config_set_bool(config, "bestpath", 1)
        if mode == .live { ps_config_set_int(config, "maxhmmpf", 1000 * beamSize) }
        guard let decoder = ps_init(config) else {
            throw SpeechError(
                .brokenModel, "PocketSphinx cannot load the model in \(models).",
                advice: "Run `Scripts/setup`, or point models.directory at a whole model.")
        }
        self.decoder = decoder
    }

    deinit { ps_free(decoder) }

    public func start(adaptation: String?, suppressesNoise _: Bool, keyPhrases wanted: KeyPhrases?) throws {
        if let wanted, keyPhrases?.phrases != wanted { keyPhrases = try KeyPhraseSearch(wanted, in: decoder) }
        isSpotting = wanted != nil
        guard ps_activate_search(decoder, isSpotting ? KeyPhraseSearch.name : nil) == 0 else {
            throw failure("change its search")
        }
        utterance.removeAll(keepingCapacity: true)
        if mode == .live {
            stepsAhead = adaptation == nil ? Self.coldSteps[...] : []
            beganAt = monotonicNanoseconds()
            passMean = CepstralMean(adaptation ?? Self.coldMean)
            ps_set_cmn(decoder, passMean.text)
        }
        guard ps_start_utt(decoder) == 0 else { throw failure("begin an utterance") }
    }

    public func accept(_ samples: UnsafeBufferPointer<Int16>) throws {
        if mode == .file {
            utterance.append(contentsOf: samples)
            return
        }
        guard ps_process_raw(decoder, samples.baseAddress, samples.count, 0, 0) >= 0 else { throw failure("decode audio") }
        guard let step = stepsAhead.first else { return }
        utterance.append(contentsOf: samples)
        guard utterance.count >= step else { return }
        stepsAhead = stepsAhead.drop { $0 <= utterance.count }
        // On a machine that cannot keep up, words in time are worth more than better ones.
        if !isBehind { try decodeAgain() }
    }

    public func partial() -> Hypothesis {
        mode == .file ? Hypothesis(words: []) : Hypothesis(words: words(confidences: false))
    }

    public func finish() throws -> (hypothesis: Hypothesis, adaptation: String?) {
        if mode == .file, !utterance.isEmpty {
            guard utterance.withUnsafeBufferPointer({ ps_process_raw(decoder, $0.baseAddress, $0.count, 0, 1) }) >= 0 else {
                throw failure("decode audio")
            }
        }
        guard ps_end_utt(decoder) == 0 else { throw failure("end an utterance") }
        let hypothesis = Hypothesis(words: words(confidences: true), alternatives: isSpotting ? [] : alternatives())
        let mean = mode == .live ? ps_get_cmn(decoder, 1).map { String(cString: $0) } : nil
        return (hypothesis, mean)
    }

    public func cancel() { ps_end_utt(decoder) }

    /// Whether more time has passed since the utterance's beginning than there was audio, which comes with a pre-roll.
    private var isBehind: Bool {
        monotonicNanoseconds() - beganAt > UInt64(utterance.count) * 1_000_000_000 / UInt64(SampleTime.rate)
    }

    /// Begins a cold utterance anew with the mean of what was heard of it so far.
    ///
    /// With a wrong mean every fourth word is wrong, and PocketSphinx itself would need many seconds to learn: it weighs what it was
    /// given like 5 s of speech. Done while the speaker goes on, so that nothing is left to do when the utterance ends.
    private func decodeAgain() throws {
        guard ps_end_utt(decoder) == 0, let blended = ps_get_cmn(decoder, 1) else { throw failure("decode an utterance again") }
        let frames = Double(utterance.count) / Double(SampleTime.rate / 1000 * Self.frameMS)
        let own = CepstralMean(String(cString: blended)).removing(passMean, weight: CepstralMean.engineWeight, from: frames)
        passMean = own.mixed(with: CepstralMean(Self.coldMean), weight: Self.coldWeight, own: frames)
        ps_set_cmn(decoder, passMean.text)
        guard ps_start_utt(decoder) == 0,
            utterance.withUnsafeBufferPointer({ ps_process_raw(decoder, $0.baseAddress, $0.count, 0, 0) }) >= 0
        else { throw failure("decode an utterance again") }
    }

    /// The best path without fillers (`<s>`, `<sil>`, `[NOISE]`) and without the dictionary's variant marks (`read(2)`).
    private func words(confidences: Bool) -> [Word] {
        if isSpotting, let keyPhrases { return keyPhrases.heard(by: decoder, frameMS: Self.frameMS) }
        var words: [Word] = []
        let base = ps_get_logmath(decoder)
        var segment = ps_seg_iter(decoder)
        while let current = segment {
            if let raw = ps_seg_word(current) {
                let text = String(cString: raw)
                if let first = text.utf8.first, first != UInt8(ascii: "<"), first != UInt8(ascii: "[") {
                    var start: CInt = 0
                    var end: CInt = 0
                    ps_seg_frames(current, &start, &end)
                    let posterior = confidences ? logmath_exp(base, ps_seg_prob(current, nil, nil, nil)) : 0.5
                    words.append(
                        Word(
                            text.hasSuffix(")") ? String(text[..<(text.lastIndex(of: "(") ?? text.endIndex)]) : text,
                            startMS: Int(start) * Self.frameMS, endMS: (Int(end) + 1) * Self.frameMS, confidence: posterior))
                }
            }
            segment = ps_seg_next(current)
        }
        return words
    }

    /// Up to three other readings from the word lattice.
    private func alternatives() -> [String] {
        var found: [String] = []
        let best = ps_get_hyp(decoder, nil).map { String(cString: $0) }
        var entry = ps_nbest(decoder)
        var looked = 0
        while let current = entry {
            if let raw = ps_nbest_hyp(current, nil) {
                let text = String(cString: raw)
                if text != best, !found.contains(text), !text.isEmpty { found.append(text) }
            }
            looked += 1
            if found.count == 3 || looked == 12 {
                ps_nbest_free(current)
                break
            }
            entry = ps_nbest_next(current)
        }
        return found
    }

    private func failure(_ what: String) -> SpeechError {
        SpeechError(
            .recogniserFailed, "PocketSphinx could not \(what).", advice: "The utterance is tried again by another worker.")
    }
}
