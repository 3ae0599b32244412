import Glibc
import SpeechModel

/// Takes away what lies below a voice: rumble, wind, the fundamental of mains hum, a constant offset.
///
/// A Butterworth filter of the fourth order, as two second-order sections (R. Bristow-Johnson, *Cookbook formulae for audio equalizer
/// biquad filter coefficients*): −3 dB at ``cutoff``, 24 dB less per octave below it, less than 0.4 dB off from 1.4 times it upwards.
struct HighPass: Sendable {
    /// In Hz. Voices reach down to 80 Hz, but recognisers look at 130 Hz and above.
    static let cutoff = 100.0

    /// Of the fourth-order Butterworth polynomial's two pairs of poles.
    private var first = Biquad(cutoff: cutoff, quality: 0.541_196_10)
    private var second = Biquad(cutoff: cutoff, quality: 1.306_563_0)

    /// Filters `samples` in place; they follow the last call's.
    mutating func filter(_ samples: UnsafeMutableBufferPointer<Float>) {
        // In one loop, so that the processor works on both at once; on copies, which it can keep in registers.
        var (first, second) = (first, second)
        for index in samples.indices { samples[index] = second.filter(first.filter(samples[index])) }
        first.forgetTraces()
        second.forgetTraces()
        (self.first, self.second) = (first, second)
    }
}

/// One second-order section, in the transposed second direct form.
private struct Biquad: Sendable {
    private let b0: Float
    private let b1: Float
    private let a1: Float
    private let a2: Float
    private var s1: Float = 0
    private var s2: Float = 0

    /// What is smaller is nothing: a state that dies away would become denormal, which costs a hundred times the time.
    private static let nothing: Float = 1e-20

    init(cutoff: Double, quality: Double) {
        let angle = 2 * Double.pi * cutoff / Double(SampleTime.rate)
        let alpha = sin(angle) / (2 * quality)
        let a0 = 1 + alpha
        b0 = Float((1 + cos(angle)) / 2 / a0)
        b1 = -2 * b0
        a1 = Float(-2 * cos(angle) / a0)
        a2 = Float((1 - alpha) / a0)
    }

    @inline(__always)
    mutating func filter(_ input: Float) -> Float {
        let output = b0 * input + s1
        s1 = b1 * input - a1 * output + s2
        s2 = b0 * input - a2 * output
        return output
    }

    mutating func forgetTraces() {
        if abs(s1) < Self.nothing { s1 = 0 }
        if abs(s2) < Self.nothing { s2 = 0 }
    }
}
