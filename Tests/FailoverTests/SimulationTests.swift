import Testing

@testable import Failover

@Suite("Two nodes in a world of faults") struct SimulationTests {
    @Test("keep their promises in random schedules of crashes, stops, cuts and a silent arbiter", arguments: 0..<20)
    func schedules(_ batch: UInt64) {
        var reigns = 0
        for seed in batch * 100..<batch * 100 + 100 {
            let simulation = Simulation(seed: seed)
            simulation.runSchedule()
            reigns += simulation.reigns.count
            if !simulation.faults.isEmpty {
                Issue.record("seed \(seed): \(simulation.faults.joined(separator: "; "))")
                return
            }
        }
        #expect(reigns > 300, "The faults changed little: \(reigns) reigns.")
    }
}
