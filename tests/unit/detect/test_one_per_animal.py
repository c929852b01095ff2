"""Several classes of a model that are one category: an animal has one box."""

from camtrap.detect.boxes import one_per_animal

CATEGORY = {"14": "1", "15": "1", "16": "1", "0": "2"}


def box(category, conf, x, size=0.2):
    return {"category": category, "conf": conf, "bbox": [x, 0.1, size, size]}


def test_the_best_box_of_an_animal_stays():
    sheep, cow, far = box("14", 0.6, 0.10), box("15", 0.8, 0.11), box("14", 0.3, 0.7)
    assert one_per_animal([sheep, cow, far], CATEGORY) == [cow, far]


def test_other_categories_and_the_same_class_are_left_alone():
    animal, rider = box("14", 0.6, 0.10), box("0", 0.9, 0.10)
    assert one_per_animal([animal, rider], CATEGORY) == [animal, rider]
    twins = [box("14", 0.6, 0.10), box("14", 0.5, 0.11)]  # the package's own suppression left both
    assert one_per_animal(twins, CATEGORY) == twins


def test_two_animals_side_by_side_stay():
    pair = [box("14", 0.6, 0.10), box("15", 0.5, 0.20)]  # overlap of a third
    assert one_per_animal(pair, CATEGORY) == pair


def test_a_box_that_was_left_out_leaves_out_no_other():
    first, middle, last = box("14", 0.9, 0.10), box("15", 0.8, 0.14), box("16", 0.7, 0.18)
    assert one_per_animal([first, middle, last], CATEGORY) == [first, last]
