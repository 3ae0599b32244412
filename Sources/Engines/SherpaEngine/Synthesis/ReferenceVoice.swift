import CSherpaOnnx
import ModelLibrary
import SpeechModel

/// A recording of somebody whose voice is copied, and what is said in it.
final class ReferenceVoice {
    private let wave: UnsafePointer<SherpaOnnxWave>
    private let strings = CStrings()
    private let words: UnsafePointer<CChar>?

    /// Shorter ones make the library return what is no number.
    private static let shortestSeconds = 0.5
    private static let rates = 8000...192_000

    /// Reads a WAV file, and its words from the text file beside it.
    ///
    /// - Throws: ``ErrorCode/brokenModel`` when a voice cannot be taken from it.
    init(_ path: String, withWords: Bool) throws(SpeechError) {
        func fault(_ what: String) -> SpeechError {
            SpeechError(
                .brokenModel, "The recording \(path) \(what).",
                advice: "Put one of 3 to 10 s there, with one person and no noise: WAV, 16-bit, mono.")
        }
        guard let wave = SherpaOnnxReadWave(path) else { throw fault("is no WAV file with 16-bit samples and one channel") }
        let (count, rate) = (Int(wave.pointee.num_samples), Int(wave.pointee.sample_rate))
        var text: String?
        do throws(SpeechError) {
            guard Self.rates.contains(rate), Double(count) / Double(rate) >= Self.shortestSeconds else {
                throw fault("has \(count) samples at \(rate) Hz, and half a second at 8000 Hz or more is needed")
            }
            if withWords {
                text = ModelDescription.words(of: path)
                guard text != nil else { throw fault("has no words in the text file beside it") }
            }
        } catch {
            SherpaOnnxFreeWave(wave)
            throw error
        }
        self.wave = wave
        words = strings.add(text)
    }

    deinit { SherpaOnnxFreeWave(wave) }

    /// Has the next text spoken with this voice; the recording has to live as long.
    func describe(to configuration: inout SherpaOnnxGenerationConfig) {
        configuration.reference_audio = wave.pointee.samples
        configuration.reference_audio_len = wave.pointee.num_samples
        configuration.reference_sample_rate = wave.pointee.sample_rate
        configuration.reference_text = words
    }
}
