import CWorkers
import Glibc

/// What is known of a process since it began to owe an answer. Used on the supervisor's thread.
///
/// Waiting for a processor is not being stuck, so that an overloaded machine loses no utterance: only a process that computed for a
/// limit without a word, or did not compute at all for so long, is.
struct HangWatch {
    private var owedSince: UInt64?
    private var processorTimeThen: UInt64 = 0
    private var processorTime: UInt64 = 0
    private var lastWorkedAt: UInt64 = 0

    /// Whether the process owes an answer since `owed` and will not give it. To be asked often; nil says that it owes none.
    mutating func isStuck(processID: Int32, owedSince owed: UInt64?, now: UInt64, limit: UInt64) -> Bool {
        guard let owed else {
            owedSince = nil
            return false
        }
        // 0 when the process is gone, which its socket tells in a moment.
        let time = max(workers_processor_time(processID), owedSince == nil ? 0 : processorTime)
        guard owedSince == owed else {
            owedSince = owed
            (processorTimeThen, processorTime, lastWorkedAt) = (time, time, now)
            return false
        }
        if time != processorTime {
            processorTime = time
            lastWorkedAt = now
        }
        return time - processorTimeThen > limit || now - lastWorkedAt > limit
    }
}
