"""`katas watch`: grade a kata every time you save, and show the verdict immediately."""
