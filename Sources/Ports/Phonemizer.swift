public import SpeechModel

/// Knows how words are pronounced, for voices that were trained on phonemes.
public protocol Phonemizer: Sendable {
    /// The pronunciation of a sentence.
    ///
    /// - Parameter voice: the language and accent, as the phonemizer names them, for instance `en-us`.
    /// - Returns: phonemes of the international phonetic alphabet with marks of stress, in canonical decomposition (Unicode NFD), words
    ///   parted by spaces; clauses end with their punctuation mark.
    /// - Throws: ``ErrorCode/synthesisFailed`` when there is nothing to pronounce, or the phonemizer cannot be used.
    func phonemes(of sentence: String, voice: String) throws(SpeechError) -> String
}
