from camtrap.detections.path_index import PathIndex

PICTURES = ["card1/A/IMG_1.JPG", "card1/B/IMG_1.JPG", "card2/A/IMG_2.JPG", "A/IMG_2.JPG", "card3/\\xff/IMG_3.JPG"]


def test_the_first_step_that_names_a_picture_decides():
    found = PathIndex(PICTURES).find(
        [
            "card1/A/IMG_1.JPG",
            "card1\\b\\img_1.jpg",
            r"E:\survey\card2\A\IMG_2.JPG",
            "file:///data/CARD2/A/IMG%5F2.JPG",
            "IMG_1.JPG",
            "./A/IMG_2.JPG",
            "C/IMG_2.JPG",
            "IMG_3.JPG",
        ]
    )
    assert found == {
        "card1/A/IMG_1.JPG": [0],
        "card1\\b\\img_1.jpg": [1],
        r"E:\survey\card2\A\IMG_2.JPG": [2],  # not 3: a longer end is the same
        "file:///data/CARD2/A/IMG%5F2.JPG": [2],
        "IMG_1.JPG": [0, 1],
        "./A/IMG_2.JPG": [3],
        "IMG_3.JPG": [4],
    }
