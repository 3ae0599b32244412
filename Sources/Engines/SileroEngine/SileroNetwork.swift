import Glibc
import ModelLibrary
public import SpeechModel

/// The Silero voice activity network, version 6 (MIT), for 16 kHz: spectrum, four convolutions, an LSTM, a probability.
///
/// It is computed here, not by an inference library, because there each session has weights of its own, which then do not fit into the
/// processor's cache (docs/decisions/0008). One network serves all sessions, from any thread; what a session has heard is in its
/// ``Memory``. Source: the graph in `silero_vad_16k_op15.onnx` of the package silero-vad 6.2.3, whose weights these are;
/// `tinygrad_model.py` there is the publisher's own description of it in plain operations.
public final class SileroNetwork: Sendable {
    /// New samples in each window, at 16 kHz: 32 ms.
    public static let window = 512
    /// Samples of the window before that are heard again.
    public static let context = 64
    private static let (fftSize, hop, bins, frames) = (256, 128, 129, 4)
    private static let (wide, narrow) = (128, 64)

    private let spectrum: Layer
    private let first: Layer
    private let second: Layer
    private let third: Layer
    private let fourth: Layer
    private let gates: Layer
    private let head: [Float]
    private let headBias: Float

    /// What a session remembers: the end of the last window, and the LSTM's state.
    public struct Memory: Sendable {
        fileprivate var context = [Float](repeating: 0, count: SileroNetwork.context)
        fileprivate var hidden = [Float](repeating: 0, count: SileroNetwork.wide)
        fileprivate var cell = [Float](repeating: 0, count: SileroNetwork.wide)

        /// Has heard nothing.
        public init() {}

        /// Has heard ``SileroNetwork/context`` samples, in which nobody speaks.
        init(after beginning: some Sequence<Float>) { context = Array(beginning) }
    }

    /// Loads the weights: 1.2 MB, 2 ms.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` naming the file and what is wrong with it.
    public init(_ path: String) throws(SpeechError) {
        do throws(SpeechError) {
            let file = try ONNXWeights(path)
            let basis = try file.floats("model.stft.forward_basis_buffer", count: 2 * Self.bins * Self.fftSize)
            spectrum = Layer(depth: Self.fftSize, bias: [Float](repeating: 0, count: 2 * Self.bins)) { output, input in
                basis[output * Self.fftSize + input]
            }
            func convolution(_ index: Int, _ inputs: Int, _ outputs: Int, taps: Range<Int>) throws(SpeechError) -> Layer {
                let name = "model.encoder.\(index).reparam_conv"
                let weights = try file.floats(name + ".weight", count: outputs * inputs * 3)
                return Layer(
                    depth: inputs * taps.count, bias: try file.floats(name + ".bias", count: outputs)
                ) { output, input in
                    weights[(output * inputs + input % inputs) * 3 + taps.lowerBound + input / inputs]
                }
            }
            first = try convolution(0, Self.bins, Self.wide, taps: 0..<3)
            second = try convolution(1, Self.wide, Self.narrow, taps: 0..<3)
            // The others of their taps see nothing but padding, because so few frames are left.
            third = try convolution(2, Self.narrow, Self.narrow, taps: 1..<3)
            fourth = try convolution(3, Self.narrow, Self.wide, taps: 1..<2)
            let ofInput = try file.floats("model.decoder.rnn.weight_ih", count: 4 * Self.wide * Self.wide)
            let ofHidden = try file.floats("model.decoder.rnn.weight_hh", count: 4 * Self.wide * Self.wide)
            let (inputBias, hiddenBias) = (
                try file.floats("model.decoder.rnn.bias_ih", count: 4 * Self.wide),
                try file.floats("model.decoder.rnn.bias_hh", count: 4 * Self.wide)
            )
            gates = Layer(depth: 2 * Self.wide, bias: zip(inputBias, hiddenBias).map(+)) { output, input in
                input < Self.wide ? ofInput[output * Self.wide + input] : ofHidden[output * Self.wide + input - Self.wide]
            }
            head = try file.floats("model.decoder.decoder.2.weight", count: Self.wide)
            headBias = try file.floats("model.decoder.decoder.2.bias", count: 1)[0]
        } catch {
            throw SpeechError(
                .brokenModel, "The voice activity model \(path) is missing or broken: \(error.message)",
                advice: "Run `Scripts/setup` again, or set preprocess.vad to energy.")
        }
    }

    /// The probability, 0…1, that somebody speaks in `window`, ``window`` samples in −1…1 that follow those of the last call.
    public func probability(of window: UnsafeBufferPointer<Float>, _ memory: inout Memory) -> Float {
        precondition(window.count == Self.window, "a window has \(Self.window) samples")
        // Frames are rows; where a convolution looks beyond the first or last one, there is a row of zeros.
        let sizes = [
            Self.context + Self.window + Self.context, Self.frames * spectrum.width, (Self.frames + 2) * Self.bins,
            (Self.frames + 1) * Self.wide, 2 * Self.narrow, Self.narrow, 2 * Self.wide, 4 * Self.wide,
        ]
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: sizes.reduce(0, +)) { scratch in
            scratch.initialize(repeating: 0)
            var rest = scratch.baseAddress!
            func take(_ count: Int) -> UnsafeMutablePointer<Float> {
                defer { rest += count }
                return rest
            }
            let samples = take(sizes[0])
            let complex = take(sizes[1])
            let magnitudes = take(sizes[2])
            let one = take(sizes[3])
            let two = take(sizes[4])
            let three = take(sizes[5])
            // What came out of the convolutions, then what the LSTM said last.
            let joined = take(sizes[6])
            let sums = take(sizes[7])

            gather(window, &memory, into: samples)
            spectrum.apply(Self.frames, of: samples, stride: Self.hop, into: complex)
            for frame in 0..<Self.frames {
                let (from, to) = (complex + frame * spectrum.width, magnitudes + (frame + 1) * Self.bins)
                for bin in 0..<Self.bins {
                    let (real, imaginary) = (from[bin], from[Self.bins + bin])
                    to[bin] = (real * real + imaginary * imaginary).squareRoot()
                }
            }
            first.applyRectified(Self.frames, of: magnitudes, stride: Self.bins, into: one + Self.wide)
            second.applyRectified(2, of: one, stride: 2 * Self.wide, into: two)
            third.applyRectified(1, of: two, into: three)
            fourth.applyRectified(1, of: three, into: joined)
            (joined + Self.wide).update(from: memory.hidden, count: Self.wide)
            gates.apply(1, of: joined, into: sums)
            return remember(sums, &memory)
        }
    }

    /// The context, the window, and the window's end mirrored behind it.
    private func gather(
        _ window: UnsafeBufferPointer<Float>, _ memory: inout Memory, into samples: UnsafeMutablePointer<Float>
    ) {
        let end = Self.context + Self.window
        samples.update(from: memory.context, count: Self.context)
        (samples + Self.context).update(from: window.baseAddress!, count: Self.window)
        for index in 0..<Self.context { samples[end + index] = samples[end - 2 - index] }
        for index in 0..<Self.context { memory.context[index] = samples[Self.window + index] }
    }

    /// The LSTM's step (input, forget, cell and output gate in this order, as in PyTorch) and the probability that it ends in.
    private func remember(_ sums: UnsafePointer<Float>, _ memory: inout Memory) -> Float {
        var said = headBias
        for index in 0..<Self.wide {
            let input = Self.sigmoid(sums[index])
            let forget = Self.sigmoid(sums[Self.wide + index])
            let candidate = Self.tanh(sums[2 * Self.wide + index])
            let output = Self.sigmoid(sums[3 * Self.wide + index])
            let cell = forget * memory.cell[index] + input * candidate
            let hidden = output * Self.tanh(cell)
            memory.cell[index] = cell
            memory.hidden[index] = hidden
            said += head[index] * max(0, hidden)
        }
        return Self.sigmoid(said)
    }

    private static func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
    /// A third of the time of the library's own, which is exact where it does not matter here.
    private static func tanh(_ x: Float) -> Float { 2 * sigmoid(2 * x) - 1 }
}
