import Glibc
import Lanes
import SpeechModel
import Testing
import ZMQEdge

/// Two real processes with the lease file and the link over TCP.
@Suite("Two node processes", .serialized) struct FailoverProcessTests {
    private final class Pair {
        let directory: String
        private let ports = [freePort(), freePort()]
        var processes: [NodeProcess] = []
        private var past: [NodeProcess] = []

        init() throws {
            var name = Array("/tmp/mynah-pair-XXXXXX".utf8CString)
            precondition(mkdtemp(&name) != nil)
            directory = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let key = try CurveSecretKey.make().z85.exposed
            let file = open(directory + "/key", O_WRONLY | O_CREAT, 0o600)
            precondition(write(file, key, key.utf8.count) == key.utf8.count)
            close(file)
            processes = [start(0), start(1)]
        }

        private func start(_ index: Int) -> NodeProcess {
            NodeProcess([
                ["primary", "standby"][index], directory + "/lease", directory + "/key", "127.0.0.1:\(ports[index])",
                "127.0.0.1:\(ports[1 - index])",
            ])
        }

        func restart(_ index: Int) {
            past.append(processes[index])
            processes[index] = start(index)
        }

        /// Everything that was ever shown, by time.
        var shown: [NodeProcess.Shown] { (past + processes).flatMap(\.shown).sorted { $0.time < $1.time } }

        func end() {
            for process in processes { process.end() }
            for term in 1...20 { unlink("\(directory)/lease/term-0000\(term < 10 ? "0" : "")\(term)") }
            rmdir(directory + "/lease")
            unlink(directory + "/key")
            rmdir(directory)
        }
    }

    /// Nothing is shown twice, out of order, or in a term that was over.
    private func check(_ pair: Pair) {
        let shown = pair.shown
        #expect(shown.count > 50)
        #expect(zip(shown, shown.dropFirst()).allSatisfy { $0.number < $1.number && $0.term <= $1.term })
    }

    private func isInSync(_ pair: Pair, _ index: Int) async -> Bool {
        await eventually { pair.processes[index].incidents.filter { $0 == "in_sync" || $0 == "out_of_sync" }.last == "in_sync" }
    }

    // How soon it leads is measured by `bench failover`: here other tests take the processor.
    @Test("lose nothing when the primary is killed, and the standby leads")
    func killed() async throws {
        let pair = try Pair()
        #expect(await isInSync(pair, 0))
        #expect(await eventually { pair.processes[0].shown.count > 100 })
        let term = try #require(pair.processes[0].reigns.last?.term)
        let time = bootNanoseconds()
        pair.processes[0].signal(SIGKILL)
        #expect(await eventually { pair.processes[1].reigns.contains { $0.time > time } })
        let reign = try #require(pair.processes[1].reigns.first { $0.time > time })
        pair.processes[0].end()
        #expect(reign.term == term + 1)
        #expect(reign.highest >= pair.processes[0].shown.last?.number ?? .max)
        print("promoted \((reign.time - time) / 1_000_000) ms after SIGKILL")
        // It comes back as the standby, and can take over again.
        pair.restart(0)
        #expect(await isInSync(pair, 1))
        pair.processes[1].signal(SIGKILL)
        #expect(await eventually { !pair.processes[0].reigns.isEmpty && pair.processes[0].shown.count > 10 })
        pair.processes[1].end()
        #expect(pair.processes[0].reigns.first?.highest ?? 0 >= pair.processes[1].shown.last?.number ?? .max)
        pair.restart(1)
        pair.end()
        check(pair)
    }

    @Test("are never both primary when the primary is stopped and goes on later")
    func stopped() async throws {
        let pair = try Pair()
        #expect(await isInSync(pair, 0))
        #expect(await eventually { pair.processes[0].shown.count > 100 })
        let time = bootNanoseconds()
        pair.processes[0].signal(SIGSTOP)
        #expect(await eventually { pair.processes[1].shown.count > 100 })
        let reign = try #require(pair.processes[1].reigns.first)
        #expect(reign.time - time < 1_000_000_000)
        print("promoted \((reign.time - time) / 1_000_000) ms after SIGSTOP")
        pair.processes[0].signal(SIGCONT)
        #expect(
            await eventually {
                pair.processes[0].incidents.contains("overslept") && pair.processes[0].incidents.contains("term_over")
            })
        #expect(await isInSync(pair, 1))
        #expect(pair.processes[0].reigns.count == 1)
        pair.end()
        check(pair)
    }

    @Test("hand over when the primary is told to stop")
    func planned() async throws {
        let pair = try Pair()
        #expect(await isInSync(pair, 0))
        #expect(await eventually { pair.processes[0].shown.count > 50 })
        let time = bootNanoseconds()
        pair.processes[0].end()
        #expect(await eventually { pair.processes[1].shown.count > 50 })
        let reign = try #require(pair.processes[1].reigns.first)
        #expect(reign.highest >= pair.processes[0].shown.last?.number ?? .max && reign.time - time < 500_000_000)
        print("promoted \(Double((reign.time - time) / 1000) / 1000) ms after the stop began")
        pair.restart(0)
        #expect(await isInSync(pair, 1))
        pair.end()
        check(pair)
    }
}
