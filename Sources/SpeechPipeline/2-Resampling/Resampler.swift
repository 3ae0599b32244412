public import SpeechModel

/// Converts mono audio of any rate from 8000 to 48,000 Hz to another such rate, by default the pipeline's 16 kHz, whatever the sizes
/// of the pieces it comes in.
///
/// A polyphase windowed-sinc low-pass. Its group delay is compensated: output sample *n* is the signal at *n* / output rate exactly,
/// and *k* input samples give ⌈*k* · output rate / input rate⌉ output samples, the last few of them at ``flush(into:)``. The result
/// does not depend on how the input was cut. Audio that has the output rate already is copied.
public struct Resampler: Sendable {
    private let bank: FilterBank
    /// Input samples that are still needed; the first is the earliest that the next output sample depends on.
    private var history: [Float]
    /// Where the next output sample lies between two input samples, in units of 1 / `bank.outputStep`.
    private var fraction = 0
    /// Input samples to be skipped before the next one is needed.
    private var skip = 0

    /// Input samples that are filtered at once: what `history` grows to, whatever the size of a call.
    private static let blockSize = 1024

    /// Makes a resampler at the beginning of a stream; both rates must be ones that ``AudioFormat`` accepts.
    public init(inputRate: Int, outputRate: Int = SampleTime.rate) {
        for rate in [inputRate, outputRate] {
            precondition(AudioFormat.sampleRates.contains(rate), "AudioFormat lets no other rate through")
        }
        bank = FilterBank.bank(from: inputRate, to: outputRate)
        history = []
        history.reserveCapacity(bank.taps + Self.blockSize)
        // Silence before the first sample.
        history.append(contentsOf: repeatElement(0, count: lead))
    }

    private var isCopy: Bool { bank.inputStep == bank.outputStep }
    /// Input samples before and after an output sample's place that it depends on.
    private var lead: Int { bank.taps / 2 - 1 }
    private var lag: Int { bank.taps / 2 }

    /// Input samples that must follow before an output sample is certain: the only delay.
    public var lookahead: Int { isCopy ? 0 : lag }

    /// Appends to `output` every sample that is certain after `input`.
    public mutating func resample(_ input: UnsafeBufferPointer<Float>, into output: inout [Float]) {
        if isCopy {
            output.append(contentsOf: input)
            return
        }
        var rest = input[...]
        while !rest.isEmpty {
            let block = rest.prefix(Self.blockSize)
            rest = rest.dropFirst(Self.blockSize)
            history.append(contentsOf: block)
            filter(into: &output)
        }
    }

    /// Appends the samples that were waiting for more input, as if silence followed, and begins a new stream.
    public mutating func flush(into output: inout [Float]) {
        if isCopy { return }
        history.append(contentsOf: repeatElement(0, count: lag))
        filter(into: &output)
        history.removeAll(keepingCapacity: true)
        history.append(contentsOf: repeatElement(0, count: lead))
        fraction = 0
        skip = 0
    }

    /// The index, at the input rate, of the last input sample at or before `time`.
    public func inputSample(at time: SampleTime) -> Int { time.sample * bank.inputStep / bank.outputStep }

    /// The last moment at or before an input sample: `time(ofInputSample: inputSample(at: t))` is never after `t`.
    public func time(ofInputSample index: Int) -> SampleTime { SampleTime(index * bank.outputStep / bank.inputStep) }

    /// Turns as much of the history into output as can be.
    private mutating func filter(into output: inout [Float]) {
        let taps = bank.taps
        let (wholeStep, fractionStep) = bank.inputStep.quotientAndRemainder(dividingBy: bank.outputStep)
        var start = skip
        var fraction = fraction
        history.withUnsafeBufferPointer { history in
            bank.coefficients.withUnsafeBufferPointer { coefficients in
                guard let samples = history.baseAddress, let responses = coefficients.baseAddress else { return }
                while start + taps <= history.count {
                    let (phase, remainder) = (fraction * bank.phases).quotientAndRemainder(dividingBy: bank.outputStep)
                    let response = responses + phase * taps
                    var value = dotProduct(samples + start, response, count: taps)
                    if remainder != 0 {
                        let next = dotProduct(samples + start, response + taps, count: taps)
                        value += (next - value) * (Float(remainder) / Float(bank.outputStep))
                    }
                    output.append(value)
                    start += wholeStep
                    fraction += fractionStep
                    if fraction >= bank.outputStep {
                        fraction -= bank.outputStep
                        start += 1
                    }
                }
            }
        }
        let used = min(start, history.count)
        history.removeFirst(used)
        skip = start - used
        self.fraction = fraction
    }
}

/// Σ a[i] · b[i]; `count` is a multiple of 16.
@inline(__always)
private func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    // Two independent sums hide the latency of the addition. A scalar loop would not be vectorised: the order of a float
    // sum counts.
    let a = UnsafeRawPointer(a)
    let b = UnsafeRawPointer(b)
    var even = SIMD8<Float>()
    var odd = SIMD8<Float>()
    for offset in stride(from: 0, to: count * 4, by: 64) {
        even += a.lanes(at: offset) * b.lanes(at: offset)
        odd += a.lanes(at: offset + 32) * b.lanes(at: offset + 32)
    }
    return (even + odd).sum()
}

extension UnsafeRawPointer {
    fileprivate func lanes(at offset: Int) -> SIMD8<Float> { loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self) }
}
