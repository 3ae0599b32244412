import CMatrices

/// A linear layer over frames that follow each other in memory: a convolution over time is one, too, because its taps are neighbours.
struct Layer: Sendable {
    /// Numbers of a frame of its input, all taps together.
    private let depth: Int
    private let panels: Int
    private let weights: [Float]
    private let bias: [Float]

    /// Floats of a frame of its output: as many as it has, and zeros to fill the last panel.
    var width: Int { panels * Int(matrices_panel_width) }

    /// - Parameters:
    ///   - depth: how many numbers of its input make one of its output.
    ///   - bias: one for each number of its output.
    ///   - weight: by which the number `input` of the input counts for `output`.
    init(depth: Int, bias: [Float], weight: (_ output: Int, _ input: Int) -> Float) {
        let panelWidth = Int(matrices_panel_width)
        self.depth = depth
        panels = (bias.count + panelWidth - 1) / panelWidth
        var weights: [Float] = []
        weights.reserveCapacity(panels * depth * panelWidth)
        for panel in 0..<panels {
            for input in 0..<depth {
                for output in panel * panelWidth..<(panel + 1) * panelWidth {
                    weights.append(output < bias.count ? weight(output, input) : 0)
                }
            }
        }
        self.weights = weights
        self.bias = bias + [Float](repeating: 0, count: panels * panelWidth - bias.count)
    }

    /// Computes `frames` (1 to 4) frames of output from input frames that begin `stride` apart; without `ReLU`, so that this is the
    /// caller's to do.
    func apply(
        _ frames: Int, of input: UnsafePointer<Float>, stride: Int = 0, into output: UnsafeMutablePointer<Float>
    ) {
        precondition((1...4).contains(frames) && (frames > 1 || depth.isMultiple(of: 4)), "what the product takes")
        for frame in 0..<frames { (output + frame * width).update(from: bias, count: width) }
        matrices_add_product(Int32(frames), Int32(depth), Int32(panels), input, Int32(stride), weights, output)
    }

    /// The same with a rectifier behind.
    func applyRectified(
        _ frames: Int, of input: UnsafePointer<Float>, stride: Int = 0, into output: UnsafeMutablePointer<Float>
    ) {
        apply(frames, of: input, stride: stride, into: output)
        for index in 0..<frames * width { output[index] = max(0, output[index]) }
    }
}
