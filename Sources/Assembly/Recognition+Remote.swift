import Foundation
import Logging
public import MynahConfiguration
import OpenAIEngine
import PocketSphinxEngine
public import SpeechModel
import Telemetry

extension Recognition {
    /// A recogniser at a provider.
    static func makeRemote(
        mode: PocketSphinxDecoder.Mode, settings: Settings, usage: RemoteUsage, logger: Logger?
    ) -> OpenAIRecognizer {
        let openai = settings.stt.openai
        let bulkhead = settings.resilience.bulkhead
        let provider = RemoteProvider(
            section: "stt.openai", baseURL: openai.baseURL, apiKey: openai.apiKey?.value ?? openai.apiKeyFile?.secret,
            model: openai.model, timeoutMS: openai.timeoutMS)
        if let logger, openai.baseURL.hasPrefix("http://"), !isLocal(provider.name) {
            logger.warning("speech and key go to the remote engine unencrypted", metadata: ["provider": "\(provider.name)"])
        }
        return OpenAIRecognizer(
            provider,
            configuration: OpenAIRecognizer.Configuration(
                language: settings.language.default,
                maximumConcurrent: bulkhead.maxConcurrent > 0
                    ? min(bulkhead.maxConcurrent, openai.maxConcurrent) : openai.maxConcurrent,
                maximumWaiting: mode == .live ? bulkhead.maxQueueSize : .max,
                maximumWaitMS: mode == .live ? settings.stt.waitForDecoderMS : nil,
                partialsMS: mode == .live && openai.partialsMS > 0 ? openai.partialsMS : nil,
                pricePerMinute: openai.pricePerMinute),
            usage: usage, clock: SystemClock(),
            report: { logger?.warning("the remote engine failed", metadata: ["code": "\($0.code.rawValue)", "reason": "\($0)"]) })
    }

    /// Whether the provider can be reached, and takes the key.
    ///
    /// - Throws: ``ErrorCode/recogniserFailed`` or ``ErrorCode/invalidConfiguration``.
    public static func checkRemote(_ settings: Settings) async throws(SpeechError) {
        let usage = RemoteUsage(in: MetricsRegistry())
        try await makeRemote(mode: .file, settings: settings, usage: usage, logger: nil).check()
    }

    /// Whether a host is this machine.
    private static func isLocal(_ host: String) -> Bool {
        ListenAddress(host: host.trimmingCharacters(in: ["[", "]"]), port: 0).isLoopback
    }
}
