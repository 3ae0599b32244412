import Foundation
import HTTPEdge
public import MynahConfiguration
import PocketSphinxEngine
import Ports
import Resilience
public import SpeechModel
import Workers
import ZMQEdge

extension Server {
    /// Finds out what would end a start before anything is loaded or bound. What only a try can tell, such as a port that is taken, is
    /// left to it.
    ///
    /// - Throws: ``ErrorCode/invalidConfiguration``, ``ErrorCode/unreadableFile`` …
    public static func check(_ settings: Settings) throws(SpeechError) {
        _ = try access(settings)
        _ = try FaultPlan.from(ProcessInfo.processInfo.environment)
        _ = try Publishing.secretKey(settings)
        if settings.failover.peer != nil, let file = settings.failover.keyFile { _ = try CurveSecretKey(file: file) }
        let models = ModelFiles.locate(settings)
        _ = try Capture.inputs(settings, models: models)
        // Where the models are not installed there is nothing to look words, voices and languages up in.
        guard (try? models.check()) != nil else { return }
        _ = try Recognition.wakeWord(settings, models: models)
        try checkLanguage(settings, Recognition.makeRecognizer(mode: .live, settings: settings, models: models, logger: nil))
        _ = try TaskModels.comparer(settings, logger: nil)
        _ = try Synthesis.make(settings, logger: nil)
    }

    static func access(_ settings: Settings) throws(SpeechError) -> AccessGuard {
        try AccessGuard(
            listenAddress: settings.server.listen.host, token: settings.server.tokenFile?.secret,
            allowedHosts: settings.server.allowedHosts)
    }

    /// Looks whether the recogniser knows `language.default`.
    static func checkLanguage(_ settings: Settings, _ recognizer: any Recognizer) throws(SpeechError) {
        let language = recognizer.identity.language
        guard language == settings.language.default else {
            throw SpeechError(
                .invalidConfiguration, "language.default is \(settings.language.default), for which there is no model.",
                advice: "Set it to \(language), or add a model: docs/models.md.")
        }
    }
}
