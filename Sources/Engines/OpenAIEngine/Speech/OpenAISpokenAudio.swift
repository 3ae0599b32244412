import AsyncHTTPClient
import NIOCore
import Ports
import SpeechModel

/// Speech as it comes from a provider: no more of it is read than is taken.
final class OpenAISpokenAudio: SpokenAudio {
    /// Of `response_format=pcm`.
    let sampleRate = 24_000

    private let pieces = Handover<[Int16]>()
    private let reader: Task<Void, Never>

    /// - Parameter ended: called once, when nothing more is read.
    init(_ body: HTTPClientResponse.Body, provider: RemoteProvider, ended: @escaping @Sendable () -> Void) {
        reader = Task { [pieces] in
            defer { ended() }
            var pcm = PCMPieces()
            do {
                for try await buffer in body {
                    let samples = pcm.samples(of: buffer.readableBytesView)
                    if !samples.isEmpty, await !pieces.give(samples) { return }
                }
                pieces.end()
            } catch {
                pieces.end(.failure(RemoteFailure.unreachable(error).explained(provider, code: .synthesisFailed)))
            }
        }
    }

    deinit { cancel() }

    func next() async throws -> [Int16]? {
        try await withTaskCancellationHandler {
            try await pieces.take()
        } onCancel: {
            cancel()
        }
    }

    func cancel() {
        pieces.end(.failure(CancellationError()))
        reader.cancel()
    }
}
