import Failover

/// Random faults for some seconds, then none: both nodes run, the network and the arbiter are well.
extension Simulation {
    func runSchedule() {
        for node in nodes { plan(after: UInt64.random(in: 0...500, using: &random) * Self.ms) { self.start(node) } }
        let end = now + 12_000 * Self.ms
        offerOn(until: end + 5000 * Self.ms)
        var time = now + 1500 * Self.ms
        while time < end {
            agendaFault(at: time - now)
            time += UInt64.random(in: 0...1500, using: &random) * Self.ms
        }
        run(until: end)
        heal()
        let healed = now
        run(until: healed + 1000 * Self.ms)
        guard faults.isEmpty else { return }
        if nodes.filter({ $0.mayPublish(now) }).count != 1 { fail("there is no primary 1 s after the last fault") }
        run(until: healed + 4000 * Self.ms)
        guard faults.isEmpty else { return }
        for node in nodes where node.machine!.status(at: node.clock(now)).isInSync == false {
            fail("the \(node.name) is not in sync 4 s after the last fault")
        }
    }

    private func offerOn(until end: UInt64) {
        guard now < end else { return }
        offer()
        let pause = Bool.random(using: &random) ? 80 : 3
        plan(after: UInt64.random(in: 0...UInt64(pause), using: &random) * Self.ms + 1) { self.offerOn(until: end) }
    }

    private func heal() {
        log?.append("\(now / Self.ms) HEALED")
        isHealed = true
        (isCut, isArbiterSilentTo, slowness) = ([false, false], [false, false], 1)
        for node in nodes {
            resume(node)
            start(node)
        }
    }

    private func agendaFault(at delay: UInt64) {
        let node = nodes[Int.random(in: 0...1, using: &random)]
        let length = UInt64.random(in: 1...(Bool.random(using: &random) ? 3000 : 400), using: &random) * Self.ms
        let sides = [[0], [1], [0, 1]][Int.random(in: 0...2, using: &random)]
        let kind = Int.random(in: 0...9, using: &random)
        plan(after: delay) { [self] in
            switch kind {
            case 0, 1:
                guard node.machine != nil else { return }
                crash(node)
                plan(after: length) { self.start(node) }
            case 2, 3:
                guard node.machine != nil else { return }
                pause(node)
                plan(after: length) { self.resume(node) }
            case 4, 5:
                for side in sides { isCut[side] = true }
                plan(after: length) { for side in sides { self.isCut[side] = false } }
            case 6:
                for side in sides { isArbiterSilentTo[side] = true }
                plan(after: length) { for side in sides { self.isArbiterSilentTo[side] = false } }
            case 7: restartArbiter()
            case 8:
                slowness = UInt64.random(in: 1...400, using: &random)
                plan(after: length) { self.slowness = 1 }
            default:
                switch Int.random(in: 0...6, using: &random) {
                case 0: input(node) { $0.handOver(isForced: true, at: $1) }
                case 1, 2, 3: input(node) { $0.handOver(isForced: false, at: $1) }
                default: stop(node)
                }
            }
        }
    }
}
