import AudioFiles
import Lanes
import SpeechModel

/// Runs `body`, which blocks, on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws(SpeechError) -> Value {
    let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, any Error>, Never>) in
        spawnThread(name: "transcription") { continuation.resume(returning: Result(catching: body)) }
    }
    do {
        return try result.get()
    } catch {
        throw SpeechError(wrapping: error)
    }
}

// @unchecked: handed from the thread that opened it to the one that reads it; only one of them has it at a time.
struct OpenedAudio: @unchecked Sendable { let source: any AudioSource }

extension SpeechError {
    /// The error itself, or what a call without typed errors may have thrown beside it.
    init(wrapping error: any Error) {
        self =
            error as? SpeechError
            ?? SpeechError(
                .internalError, "The recording could not be transcribed.", advice: "Please report it.", underlying: error)
    }
}
