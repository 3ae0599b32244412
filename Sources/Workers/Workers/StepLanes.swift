import CWorkers
import Glibc
import Lanes

/// The threads that take a decoder's steps, each with one batch at a time. Used by one thread, which gives them batches and hears of
/// their end.
final class StepLanes {
    // @unchecked: a batch belongs to the lane that has it, which hands it back with its result; nobody looks at its utterances meanwhile.
    struct Batch: @unchecked Sendable {
        let utterances: [any BatchedUtterance]
        /// Whose they are.
        let sockets: [CInt]
    }

    struct Result: Sendable {
        let batch: Batch
        /// How long the step took.
        let nanoseconds: UInt64
        let failure: (any Error)?
    }

    // @unchecked: `step(_:)` may be called from several threads at once with different utterances (see `BatchDecoder`), and nothing else
    // of it is called here.
    private struct Stepper: @unchecked Sendable { let decoder: any BatchDecoder }

    /// How many there are.
    let count: Int
    /// Can be read when a step has ended.
    let descriptor = workers_event()
    private let batches = BlockingQueue<Batch>()
    private let results = BlockingQueue<Result>()
    private var busy = 0

    /// Starts the threads, which end with the process.
    init(_ decoder: any BatchDecoder, count: Int) {
        self.count = max(1, count)
        let stepper = Stepper(decoder: decoder)
        for _ in 0..<self.count {
            spawnThread(name: "model") { [batches, results, descriptor] in
                while true {
                    let batch = batches.pop()
                    let started = monotonicNanoseconds()
                    var failure: (any Error)?
                    do { try stepper.decoder.step(batch.utterances) } catch { failure = error }
                    results.push(Result(batch: batch, nanoseconds: monotonicNanoseconds() - started, failure: failure))
                    var one: UInt64 = 1
                    _ = write(descriptor, &one, 8)
                }
            }
        }
    }

    var isFree: Bool { busy < count }
    var areAllFree: Bool { busy == 0 }

    /// To be called while one is free.
    func take(_ batch: Batch) {
        busy += 1
        batches.push(batch)
    }

    /// A step that has ended, if there is one.
    func finished() -> Result? {
        guard let result = results.tryPop() else { return nil }
        busy -= 1
        return result
    }

    /// Waits for the next step to end.
    func wait() -> Result {
        busy -= 1
        return results.pop()
    }

    /// To be called when the descriptor can be read.
    func acknowledge() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
