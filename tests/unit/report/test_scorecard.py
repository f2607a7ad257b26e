"""The scorecard holds every section for shipped layouts, and agrees in float and quantised; JSON is read back whole."""

import json

import pytest
from shipped import anechoic_scorecard

from designer.evaluation.records import RecordError
from designer.evaluation.scorecard import Scorecard


@pytest.fixture(scope="module", params=["front3", "pair2"])
def typed(request):
    return anechoic_scorecard(request.param)


@pytest.fixture(scope="module")
def card(typed):
    """As it is written to scorecard.json."""
    return typed.to_json()


def test_what_is_written_is_read_back(typed):
    assert Scorecard.from_json(json.loads(json.dumps(typed.to_json(), allow_nan=False))) == typed


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("latency_ms",), None, "latency_ms is missing"),
        (("latency_ms",), "fast", "latency_ms: expected float, found str"),
        (
            ("quantised", "beam", "lobe_ripple_db", 3),
            True,
            r"quantised.beam.lobe_ripple_db\[3\]: expected float, found bool",
        ),
        (("quantised", "cancellation", "left_itd_us"), None, "itd_us is missing"),
        (("proof", "drivers", 0, "sum_bits"), 1.5, r"proof.drivers\[0\].sum_bits: expected int, found float"),
        (("quantised", "novelty"), 1.0, "quantised: unknown keys novelty"),
    ],
)
def test_what_is_no_scorecard_is_refused_by_its_key(card, path, value, message):
    changed = json.loads(json.dumps(card))
    place = changed
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    with pytest.raises(RecordError, match=message):
        Scorecard.from_json(changed)


def test_sections_are_plain_data(card):
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    assert {"float", "quantised", "limits", "listening", "beam_trade", "length", "rtf"} <= set(card)
    assert set(card["listening"]) == {"unprocessed", "float", "quantised", "heads"}
    assert set(card["listening"]["float"]) == {
        "kemar",
        "room_kemar",
        "head_shift",
        "sweet_spot",
        "timing",
        "room",
        "directivity",
    }


def test_latency_keeps_its_bound(card):
    assert card["latency_ms"] <= 10
    assert card["length"]["modelling_delay_samples"] == card["modelling_delay_samples"]


def test_the_limiter_section_says_what_each_driver_is_held_to(card):
    protection = card["protection"]
    assert protection["look_ahead_samples"] == card["limiter_delay_samples"] == 80
    assert protection["linked"]
    assert [row["driver"] for row in protection["drivers"]] == card["drivers"]
    loudest = max(row["most_ahead_db"] for row in protection["drivers"])
    # output.peak_gain_db is 6, and one percent is left for rounding coefficients.
    assert loudest == pytest.approx(6.0 - 0.09, abs=0.1)
    for row in protection["drivers"]:
        assert row["limit_db"] == 0.0
        assert row["most_reduction_db"] == pytest.approx(min(-row["most_ahead_db"], 0.0), abs=0.01)


def test_quantised_tables_are_heard_as_the_float_design(card):
    exact, tables = card["listening"]["float"], card["listening"]["quantised"]
    for key, value in exact["head_shift"].items():
        assert tables["head_shift"][key] == pytest.approx(value, abs=1.0 if key.endswith("_us") else 0.1)
    for key, value in exact["room"].items():
        assert tables["room"][key] == pytest.approx(value, abs=0.1)


def test_lengths_are_within_budget_and_each_metric_says_what_it_needs(card):
    length = card["length"]
    assert length["within_budget"]
    stereo = [taps for key, taps in length["smallest_taps"].items() if key.startswith("stereo_")]
    centre = [taps for key, taps in length["smallest_taps"].items() if key.startswith("centre_")]
    assert max(stereo) <= length["stereo_taps"]
    assert max(centre) <= length["centre_taps"]
    for part in ("stereo", "centre"):
        assert all(length["losses"][part][key] <= allowed for key, allowed in length["allowances"][part].items())


def test_limits_are_named_in_words(card):
    assert card["limits"]
    for limit in card["limits"]:
        assert limit["band_hz"][0] < limit["band_hz"][1]
        assert abs(limit["target_gain_db"] - limit["achieved_gain_db"]) > 1
        assert limit["reason"]


def test_what_structure_saved_is_said_step_by_step(card):
    structure = card["structure"]
    first, *_, last = structure["steps"]
    assert last["taps"] == structure["taps"] < first["taps"]
    # q31 takes nine products for sixteen.
    share = 9 / 16 if card["arithmetic"] == "q31" else 1
    assert last["products"] == round(share * structure["taps"])


def test_every_intermediate_of_the_proof_is_listed_and_holds(card):
    stages = {bound["stage"] for bound in card["proof"]["bounds"]}
    by_parts = {"part samples", "part taps", "part accumulators", "part sums"} if card["arithmetic"] == "q31" else set()
    assert {"upmix", "bus", "accumulator"} | by_parts <= stages
    assert card["proof"]["holds"]
    assert all(bound["bits"] <= bound["limit_bits"] for bound in card["proof"]["bounds"])
