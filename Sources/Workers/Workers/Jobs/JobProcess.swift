import CWorkers
import Glibc

/// A model that does one job after another, as its worker process drives it: on one thread, blocking.
public protocol JobRunner: AnyObject {
    /// What there is to know of the model, for the parent.
    var greeting: [JobValue] { get }
    /// Does a job.
    ///
    /// - Parameter progress: tells the parent how far the job is, 0 to 1.
    func run(_ request: [JobValue], progress: (Double) -> Void) throws -> [JobValue]
}

/// The life of a worker process with a model that does jobs: it loads it, does one job as a warm-up, and then whatever comes.
///
/// Each descriptor that comes over the control socket is one job: it brings the request, and takes the result. When the parent hangs up
/// on it, nobody wants the result any more.
public enum JobProcess {
    /// Serves until the parent closes the control socket, then exits.
    public static func run(makeRunner: () throws -> any JobRunner) -> Never {
        workers_become_worker(WorkerProcess.niceness)
        // It has no children but programs that the runner starts, and wants to know how they ended.
        signal(SIGCHLD, SIG_DFL)
        do {
            let runner = try makeRunner()
            WorkerProcess.send(.hello, to: WorkerProcess.controlDescriptor) {
                $0.put(UInt32(getpid()))
                $0.put(UInt32(1))
                for value in runner.greeting { value.write(.partial, to: &$0) }
            }
            while true {
                let socket = workers_receive_descriptor(WorkerProcess.controlDescriptor)
                guard socket >= 0 else { exit(0) }
                serve(socket, runner)
                close(socket)
            }
        } catch {
            WorkerProcess.send(.failed, to: WorkerProcess.controlDescriptor) { $0.put("\(error)") }
            exit(1)
        }
    }

    private static func serve(_ socket: CInt, _ runner: any JobRunner) {
        guard let request = receive(from: socket) else { return }
        var writer = MessageWriter()
        do {
            let result = try runner.run(request) { done in
                var writer = MessageWriter()
                writer.write(.progress, utterance: 0) { $0.put(UInt32(clamping: Int(done * 1000))) }
                _ = WorkerProcess.writeAll(writer.bytes, to: socket)
            }
            for value in result { value.write(.partial, to: &writer) }
            writer.write(.final, utterance: 0)
        } catch {
            writer.write(.failed, utterance: 0) { $0.put("\(error)") }
        }
        _ = WorkerProcess.writeAll(writer.bytes, to: socket)
    }

    /// The whole request; nil when the parent has thought better of it.
    private static func receive(from socket: CInt) -> [JobValue]? {
        var reader = MessageReader()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var values: [JobValue] = []
        while true {
            let count = buffer.withUnsafeMutableBytes { read(socket, $0.baseAddress!, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffer.withUnsafeBytes { reader.append(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            do {
                while let (header, payload) = try reader.next() {
                    if header.kind == .finish { return values }
                    guard let value = JobValue(payload) else { return nil }
                    values.add(value)
                }
            } catch {
                return nil
            }
        }
    }
}
