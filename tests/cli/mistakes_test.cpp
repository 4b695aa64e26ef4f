// Mistakes on the command line: what is said, where, and what is allowed instead.
#include <initializer_list>
#include <string>

#include "program/program.hpp"

namespace lacuna {
namespace {

const std::string kEdge = "--hw hw_configs/edge_16x16.yaml ";

struct Mistake {
  std::string arguments;
  std::string message;
};

class Mistakes : public Program {
 protected:
  static void expect(std::initializer_list<Mistake> mistakes) {
    for (const Mistake& mistake : mistakes) {
      const Output output = lacuna(mistake.arguments);
      EXPECT_EQ(output.code, 2) << mistake.arguments;
      EXPECT_EQ(output.error, mistake.message) << mistake.arguments;
      EXPECT_EQ(output.out, "") << mistake.arguments;
    }
  }
};

TEST_F(Mistakes, GivenAMistakeInARunsOptionsThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"run --model models/lenet5_qdnn", "lacuna: --hw: is missing; it is required\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --image 3",
       "lacuna: --image: unknown option; --help lists what is known; did you mean '--images'?\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --images 0",
       "lacuna: --images: '0' cannot be used; an integer from 1 to 2147483648 is allowed\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --images 10001",
       "lacuna: /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz: images: '10001' "
       "cannot be used; an integer from 1 to 10000 is allowed\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --ber 1.5",
       "lacuna: --ber: '1.5' cannot be used; a number from 0 to 1 is allowed\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --ber nan",
       "lacuna: --ber: 'nan' cannot be used; a number from 0 to 1 is allowed\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --map-seed 3",
       "lacuna: --map-seed: there is no random map; --map-seed goes with --ber\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --ber 0.1 --fault-kind flop",
       "lacuna: --fault-kind: 'flop' is not known; stuck_at_0, stuck_at_1, flip are allowed; did "
       "you mean 'flip'?\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --engine fats",
       "lacuna: --engine: 'fats' is not known; fast, systemc are allowed; did you mean 'fast'?\n"},
  });
}

TEST_F(Mistakes, GivenAMistakeInARunsOutputsThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"run " + kEdge + "--model models/lenet5_qdnn --json /no/such/folder/x.json",
       "lacuna: /no/such/folder/x.json: --json: its folder is missing or not writable\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --json ''",
       "lacuna: --json: is empty; a file name is required\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --json /tmp/x --csv /tmp/x",
       "lacuna: /tmp/x: --csv: is another output's file, too; each output has a file of its own\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --vcd /tmp/x.vcd",
       "lacuna: --vcd: the fast engine has no waves; --vcd goes with --engine systemc\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --engine systemc --vcd /no/such/folder/x.vcd",
       "lacuna: /no/such/folder/x.vcd: --vcd: its folder is missing or not writable\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --engine systemc --json /tmp/x --vcd /tmp/x",
       "lacuna: /tmp/x: --vcd: is another output's file, too; each output has a file of its own\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --timeline /no/such/folder/x.json",
       "lacuna: /no/such/folder/x.json: --timeline: its folder is missing or not writable\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --json /tmp/x --timeline /tmp/x",
       "lacuna: /tmp/x: --timeline: is another output's file, too; each output has a file of its "
       "own\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --timeline-batch 1",
       "lacuna: --timeline-batch: there is no timeline; --timeline-batch goes with --timeline\n"},
      {"run " + kEdge +
           "--model models/lenet5_qdnn --images 5 --batch 2 --timeline /tmp/x --timeline-batch 3",
       "lacuna: --timeline-batch: '3' cannot be used; an integer from 0 to 2 is allowed\n"},
      {"run " + kEdge +
           "--workload traces/lenet5.csv --batch 4 --timeline /tmp/x --timeline-batch 1",
       "lacuna: --timeline-batch: '1' cannot be used; an integer from 0 to 0 is allowed\n"},
  });
}

TEST_F(Mistakes, GivenAMistakeInARunsInputsThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"run " + kEdge, "lacuna: --model, --workload: both are missing; exactly one is required\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --set array.rows",
       "lacuna: --set array.rows: has no value; KEY=VALUE is allowed, as array.rows=12\n"},
      {"run " + kEdge + "--workload traces/lenet5.csv --timing --engine systemc",
       "lacuna: --timing, --engine systemc: the SystemC engine computes values in every cycle; "
       "--engine fast\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --timing --ber 1e-3",
       "lacuna: --timing, --ber: values are needed, and --timing leaves them out; one is "
       "allowed\n"},
      {"run " + kEdge + "--workload traces/lenet5.csv --chain",
       "lacuna: --chain: a layer of a workload has no outputs to hand on; --chain goes with "
       "--timing\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --timing --chain",
       "lacuna: --chain: layers of a model follow each other as they are; --chain goes with "
       "--workload\n"},
      {"run " + kEdge + "--workload traces/lenet5.csv --images 3",
       "lacuna: --images: a workload has no images; --images goes with --model\n"},
      {"run --hw no.yaml --workload traces/lenet5.csv",
       "lacuna: no.yaml: cannot be read: No such file or directory\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --set precision.weight_bits=3",
       "lacuna: hw_configs/edge_16x16.yaml: precision.weight_bits: network 'lenet5_qdnn' needs 4 "
       "bits; this machine has 3: --set precision.weight_bits=4, or a machine of more bits\n"},
      {"run " + kEdge + "--model models/lenet5_qdnn --set accumulator_sram.entries_per_lane=100",
       "lacuna: hw_configs/edge_16x16.yaml: accumulator_sram.entries_per_lane: layer 'conv1' "
       "cannot be mapped: it needs 112 entries: twice the smallest range of output rows of a "
       "channel tile; there are 100 entries\n"},
  });
}

TEST_F(Mistakes, GivenAMistakeInAMapThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"map " + kEdge + "--model models/lenet5_qdnn --weight conv9:0,0,0,0",
       "lacuna: --weight: the network has no layer 'conv9' with weights; conv1, conv2, fc1, fc2, "
       "fc3 are known; did you mean 'conv1'?\n"},
      {"map " + kEdge + "--model models/lenet5_qdnn --weight conv1:6,0,0,0",
       "lacuna: --weight: out channel: '6' cannot be used; an integer from 0 to 5 is allowed\n"},
      {"map " + kEdge + "--model models/lenet5_qdnn --cell weight:4,0,0",
       "lacuna: --cell: bank: '4' cannot be used; an integer from 0 to 3 is allowed\n"},
      {"map " + kEdge + "--model models/lenet5_qdnn --cell activation_sram:4,512,0",
       "lacuna: --cell: row: '512' cannot be used; an integer from 0 to 511 is allowed\n"},
      {"map " + kEdge + "--model models/lenet5_qdnn --cell activation_bitmap:4,0,16",
       "lacuna: --cell: bit: '16' cannot be used; an integer from 0 to 15 is allowed\n"},
      {"map --hw hw_configs/scalesim_ws.yaml --model models/lenet5_qdnn --cell "
       "activation_bitmap:0,0,0",
       "lacuna: --cell: there is no activation_bitmap; a machine with zero_skipping: skip "
       "reads one, no other\n"},
      {"map " + kEdge + "--model models/lenet5_qdnn --cell pe_weights:4,0,0",
       "lacuna: --cell: 'pe_weights:4,0,0' names no cell; weight:BANK,ROW,BIT, "
       "activation_sram:BANK,ROW,BIT or activation_bitmap:BANK,ROW,BIT is allowed, as "
       "weight:0,17,5\n"},
  });
}

TEST_F(Mistakes, GivenAMistakeInAComparisonThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"compare", "lacuna: compare: 0 records are named; two are required\n"},
      {"compare a b c", "lacuna: compare: 3 records are named; two are required\n"},
      {"compare no.json nor.json", "lacuna: no.json: cannot be read: No such file or directory\n"},
      {"compare README.md README.md",
       "lacuna: README.md:1: is not valid JSON; a record as lacuna run --json writes it is "
       "allowed\n"},
      {"compare README.md docs/formats.md --json ./README.md",
       "lacuna: ./README.md: --json: is an input, too; each output has a file of its own\n"},
      {"compare README.md README.md --json /no/such/folder/x.json",
       "lacuna: /no/such/folder/x.json: --json: its folder is missing or not writable\n"},
      {"compare README.md README.md --exit-cod",
       "lacuna: --exit-cod: unknown option; --help lists what is known; did you mean "
       "'--exit-code'?\n"},
  });
}

TEST_F(Mistakes, GivenAMistakeInACommandThenTheMessageSaysWhereWhatAndWhatIsAllowed) {
  expect({
      {"rum",
       "lacuna: rum: is not a command; run, map, campaign, replay, sweep, compare, report, check "
       "are known; did you mean 'run'?\n"},
      {"check README", "lacuna: README: cannot be read: No such file or directory\n"},
      {"report README.md", "lacuna: --out: is missing; it is required\n"},
      {"report -o page.html", "lacuna: report: no input is named; at least one is required\n"},
      {"report README.md -o README.md",
       "lacuna: README.md: --out: is an input, too; each output has a file of its own\n"},
      {"report README.md -o nowhere/page.html",
       "lacuna: nowhere/page.html: --out: its folder is missing or not writable\n"},
  });
}

}  // namespace
}  // namespace lacuna
