import CWorkers
import Glibc
import SpeechModel

/// The life of a worker process whose one model serves all utterances at once.
///
/// Towards the parent it is what a template with its forks is (see ``WorkerProcess``): each descriptor that comes over the control
/// socket is one decoder. Here a decoder is only a slot, and whatever slots have enough audio are decoded in one step, because a neural
/// model needs little more time for eight utterances than for one. A crash costs all of them a repetition.
public enum BatchWorkerProcess {
    /// Some of the processor is the server's own, and speech does not come evenly.
    private static let share = 0.8
    /// Larger ones do little more in the same time, and each utterance needs memory.
    private static let measuredBatch = 16

    /// Serves until the parent closes the control socket, then exits.
    ///
    /// - Parameters:
    ///   - lanes: threads that take steps, each with a batch of its own.
    ///   - warmUp: is heard before anybody else, and tells how many utterances the model keeps up with; nil where nobody waits.
    public static func run(lanes: Int, warmUp: [Int16]?, makeDecoder: () throws -> any BatchDecoder) -> Never {
        workers_become_worker(WorkerProcess.niceness)
        do {
            let decoder = try makeDecoder()
            let steps = StepLanes(decoder, count: lanes)
            var streams = 0
            if let warmUp {
                try warm(decoder, steps, with: warmUp, batches: 1, of: 1)
                streams = try realTimeStreams(decoder, steps, warmUp)
            }
            WorkerProcess.send(.hello, to: WorkerProcess.controlDescriptor) {
                $0.put(UInt32(getpid()))
                $0.put(UInt32(streams))
            }
            var loop = BatchLoop(decoder: decoder, lanes: steps)
            try loop.run()
        } catch {
            WorkerProcess.send(.failed, to: WorkerProcess.controlDescriptor) { $0.put("\(error)") }
            exit(1)
        }
    }

    /// How many utterances the decoder keeps up with, from the time that it takes for a batch in each lane.
    private static func realTimeStreams(_ decoder: any BatchDecoder, _ lanes: StepLanes, _ audio: [Int16]) throws -> Int {
        let batch = min(decoder.largestBatch, measuredBatch)
        let started = monotonicNanoseconds()
        try warm(decoder, lanes, with: audio, batches: lanes.count, of: batch)
        let took = Double(max(monotonicNanoseconds() - started, 1000)) / 1e9
        let spoken = Double(lanes.count * batch * audio.count) / Double(SampleTime.rate)
        return max(1, Int(spoken / took * share))
    }

    private static func warm(
        _ decoder: any BatchDecoder, _ lanes: StepLanes, with audio: [Int16], batches: Int, of count: Int
    ) throws {
        let utterances = try (0..<batches * count).map { _ in try decoder.begin(keyPhrases: nil, language: nil) }
        for utterance in utterances {
            audio.withUnsafeBufferPointer { utterance.accept($0) }
            utterance.finish()
        }
        var isDone = false
        while !isDone {
            isDone = true
            for batch in 0..<batches {
                let ready = utterances[batch * count..<(batch + 1) * count].filter(\.isReady)
                if ready.isEmpty { continue }
                isDone = false
                lanes.take(StepLanes.Batch(utterances: ready, sockets: []))
            }
            while !lanes.areAllFree { if let failure = lanes.wait().failure { throw failure } }
        }
        for utterance in utterances { _ = utterance.reading() }
    }
}

/// Hears all slots, and has steps taken with those that are ready.
///
/// A step costs nearly the same for one utterance as for several. So one with few waits for company, as long as the last step took,
/// unless somebody waits for the result of an utterance that is complete.
private struct BatchLoop {
    let decoder: any BatchDecoder
    let lanes: StepLanes
    private var slots: [CInt: BatchSlot] = [:]
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var steps: UInt64 = 0
    private var lastStepTook: UInt64 = 0
    /// Since when there is something to do for a lane that is free.
    private var readySince: UInt64?

    init(decoder: any BatchDecoder, lanes: StepLanes) {
        self.decoder = decoder
        self.lanes = lanes
    }

    mutating func run() throws -> Never {
        while true {
            listen(milliseconds: step())
            while let result = lanes.finished() { try end(of: result) }
        }
    }

    /// Takes what has come, after at most so long; -1 is for ever.
    private mutating func listen(milliseconds: CInt) {
        var descriptors = [WorkerProcess.controlDescriptor, lanes.descriptor].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        // What a lane works with is left alone meanwhile.
        for (socket, slot) in slots where !slot.isInStep {
            descriptors.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
        }
        guard poll(&descriptors, nfds_t(descriptors.count), milliseconds) > 0 else { return }
        for descriptor in descriptors where descriptor.revents != 0 {
            if descriptor.fd == WorkerProcess.controlDescriptor {
                let socket = workers_receive_descriptor(descriptor.fd)
                guard socket >= 0 else { exit(0) }
                slots[socket] = BatchSlot(socket: socket)
            } else if descriptor.fd == lanes.descriptor {
                lanes.acknowledge()
            } else {
                receive(from: descriptor.fd)
            }
        }
    }

    private mutating func receive(from socket: CInt) {
        let count = buffer.withUnsafeMutableBytes { read(socket, $0.baseAddress!, $0.count) }
        if count < 0 && errno == EINTR { return }
        var isAlive = false
        do {
            isAlive =
                try count > 0
                && buffer.withUnsafeBytes { bytes in
                    try slots[socket]?.receive(UnsafeRawBufferPointer(rebasing: bytes[..<count]), decoder: decoder) ?? false
                }
        } catch {
            // What one utterance asks and the model has not costs the others nothing.
            slots[socket]?.fail(error)
        }
        // Else the parent has taken the slot back, whatever it was doing.
        if !isAlive { end(socket) }
    }

    private mutating func end(_ socket: CInt) {
        slots[socket] = nil
        close(socket)
    }

    /// Gives free lanes what is ready; returns how long nothing more can be done, unless something comes: -1 is for ever.
    private mutating func step() -> CInt {
        while lanes.isFree {
            let ready = slots.values.filter(\.isReady)
            guard !ready.isEmpty else {
                readySince = nil
                return -1
            }
            let now = monotonicNanoseconds()
            let since = readySince ?? now
            readySince = since
            let remaining = since + lastStepTook > now ? (since + lastStepTook - now) / 1_000_000 : 0
            if remaining > 0, ready.count < decoder.largestBatch, !ready.contains(where: \.isFinishing) { return CInt(remaining) }
            let batch = ready.sorted { $0.precedes($1) }.prefix(decoder.largestBatch)
            steps += 1
            for slot in batch { slots[slot.socket]?.enter(step: steps) }
            lanes.take(StepLanes.Batch(utterances: batch.compactMap(\.utterance), sockets: batch.map(\.socket)))
            readySince = nil
        }
        return -1
    }

    private mutating func end(of step: StepLanes.Result) throws {
        if let failure = step.failure { throw failure }
        lastStepTook = step.nanoseconds
        WorkerProcess.send(.progress, to: WorkerProcess.controlDescriptor) {
            $0.put(UInt32(step.batch.sockets.count))
            $0.put(UInt32(clamping: step.nanoseconds / 1000))
        }
        for socket in step.batch.sockets where slots[socket]?.stepped() == false { end(socket) }
    }
}

/// One decoder as the parent knows it: a socket, and the utterance that it has at the moment.
private struct BatchSlot {
    let socket: CInt
    private(set) var utterance: (any BatchedUtterance)?
    private(set) var lastStep: UInt64 = 0
    private var id: UInt32 = 0
    private var samples = 0
    /// Somebody waits for the result of what is complete.
    private(set) var isFinishing = false
    /// A lane has its utterance.
    private(set) var isInStep = false
    private var shown = Hypothesis(words: [])
    private var reader = MessageReader()
    private var writer = MessageWriter()

    var isReady: Bool { !isInStep && utterance?.isReady ?? false }

    /// First those that are complete; of the others that which has waited longest.
    func precedes(_ other: BatchSlot) -> Bool {
        (isFinishing ? 0 : 1, lastStep) < (other.isFinishing ? 0 : 1, other.lastStep)
    }

    init(socket: CInt) {
        self.socket = socket
        writer.write(.hello, utterance: 0) { $0.put(UInt32(getpid())) }
        _ = flush()
    }

    /// Takes what the parent says; false when it is gone.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, decoder: any BatchDecoder) throws -> Bool {
        reader.append(bytes)
        while let (header, payload) = try reader.next() { try handle(header, payload, decoder: decoder) }
        endIfComplete()
        return flush()
    }

    mutating func enter(step: UInt64) {
        lastStep = step
        isInStep = true
    }

    /// Says what the step brought; false when the parent is gone.
    mutating func stepped() -> Bool {
        isInStep = false
        if !isFinishing, let utterance {
            let reading = utterance.reading()
            if reading == shown {
                writer.write(.progress, utterance: id) { $0.put(UInt32(samples)) }
            } else {
                shown = reading
                writer.write(.partial, utterance: id) {
                    $0.put(UInt32(samples))
                    $0.put(reading)
                }
            }
        }
        endIfComplete()
        return flush()
    }

    private mutating func handle(
        _ header: WorkerMessage.Header, _ payload: ArraySlice<UInt8>, decoder: any BatchDecoder
    ) throws {
        switch header.kind {
        case .begin:
            var reader = PayloadReader(payload)
            // What other engines learn of a speaker, and suppress of noise, is within a neural model.
            _ = (reader.text(), reader.integer())
            id = header.utterance
            samples = 0
            isFinishing = false
            shown = Hypothesis(words: [])
            let keyPhrases = reader.keyPhrases()
            let language = reader.text().flatMap { $0.isEmpty ? nil : $0 }
            utterance = try decoder.begin(keyPhrases: keyPhrases, language: language)
        case .audio:
            guard header.utterance == id, let utterance else { return }
            // Copied, because a slice of the stream need not be aligned.
            var audio = [Int16](repeating: 0, count: payload.count / 2)
            payload.withUnsafeBytes { bytes in
                audio.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<$0.count])) }
            }
            audio.withUnsafeBufferPointer { utterance.accept($0) }
            samples += audio.count
            // Audio that makes no step owes no answer, which the parent has to know.
            if !utterance.isReady { writer.write(.progress, utterance: id) { $0.put(UInt32(samples)) } }
        case .finish:
            guard header.utterance == id else { return }
            utterance?.finish()
            isFinishing = true
        case .cancel:
            guard header.utterance == id else { return }
            utterance = nil
            writer.write(.cancelled, utterance: id)
        default: throw MessageReader.Garbage()
        }
    }

    /// Says why it ends.
    mutating func fail(_ error: any Error) {
        writer.write(.failed, utterance: id) { $0.put("\(error)") }
        _ = flush()
    }

    private mutating func endIfComplete() {
        guard isFinishing, let utterance, !utterance.isReady else { return }
        writer.write(.final, utterance: id) {
            $0.put(utterance.reading())
            $0.put("")
        }
        self.utterance = nil
        isFinishing = false
    }

    private mutating func flush() -> Bool {
        guard !writer.bytes.isEmpty else { return true }
        defer { writer.removeAll() }
        return WorkerProcess.writeAll(writer.bytes, to: socket)
    }
}
