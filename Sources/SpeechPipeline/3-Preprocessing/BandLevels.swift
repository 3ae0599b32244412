import Glibc

/// The level of a window in six octave bands, in dB relative to full scale: 4–8, 2–4, 1–2, 0.5–1, 0.25–0.5 and 0–0.25 kHz.
///
/// By the Haar wavelet transform, which splits into halves with one addition and one subtraction per pair (Mallat, *A
/// Wavelet Tour of Signal Processing*, §7.3). Its bands overlap widely, but that is enough to hear a fricative over hum and
/// a vowel over hiss.
struct BandLevels {
    /// One lane per band, highest band first; the last two lanes are always silent.
    typealias Bands = SIMD8<Float>

    private static let count = 6
    /// What is quieter counts as this level, in dB: far below any microphone's noise, above the rounding of 16-bit samples.
    static let silence: Float = -90

    /// The same levels after a gain of so many dB.
    static func shifted(_ levels: Bands, by decibels: Float) -> Bands {
        pointwiseMax(levels + decibels, .init(repeating: silence)).replacing(
            with: levels, where: levels .<= .init(repeating: silence))
    }

    /// Measures `window`, whose length is a multiple of 32.
    static func measure(_ window: UnsafeBufferPointer<Float>) -> Bands {
        guard let base = UnsafeRawPointer(window.baseAddress) else { return Bands(repeating: silence) }
        var energy = Bands()
        for offset in stride(from: 0, to: window.count * 4, by: 128) {
            let x32 = base.loadUnaligned(fromByteOffset: offset, as: SIMD32<Float>.self)
            let d16 = x32.evenHalf - x32.oddHalf
            let x16 = x32.evenHalf + x32.oddHalf
            let d8 = x16.evenHalf - x16.oddHalf
            let x8 = x16.evenHalf + x16.oddHalf
            let d4 = x8.evenHalf - x8.oddHalf
            let x4 = x8.evenHalf + x8.oddHalf
            let d2 = x4.evenHalf - x4.oddHalf
            let x2 = x4.evenHalf + x4.oddHalf
            let d1 = x2.x - x2.y
            let x1 = x2.x + x2.y
            energy += Bands(
                (d16 * d16).sum() / 2, (d8 * d8).sum() / 4, (d4 * d4).sum() / 8, (d2 * d2).sum() / 16, d1 * d1 / 32, x1 * x1 / 32,
                0, 0)
        }
        var levels = Bands(repeating: silence)
        for band in 0..<count {
            levels[band] = max(silence, 10 * log10(energy[band] / Float(window.count)))
        }
        return levels
    }
}
