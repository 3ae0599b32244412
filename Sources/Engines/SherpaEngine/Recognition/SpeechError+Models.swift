import ModelLibrary
import SpeechModel

extension SpeechError {
    static func refused(_ model: ModelDescription, _ reason: String) -> SpeechError {
        SpeechError(
            .brokenModel, "The \(model.family.rawValue) model cannot be used: \(reason).",
            advice: "`mynah models verify` tells a damaged file; add the model again from where it was published.")
    }

    static var deafToPhrases: SpeechError {
        SpeechError(
            .recogniserFailed, "This model cannot listen for wake words.",
            advice: "Set stt.engine to pocketsphinx, or leave wakeword.phrases empty.")
    }
}
