"""Layouts that nobody tuned for."""

# Five drivers at odd angles on a 12 cm sphere; not a parameter touched.
ODD = "\n".join(
    ['name = "odd5"', "[cabinet]", 'shape = "sphere"', "radius_m = 0.12"]
    + [
        f'[[driver]]\nname = "d{channel}"\nchannel = {channel}\nazimuth_deg = {azimuth}\nelevation_deg = {elevation}\n'
        f"radius_m = {radius}"
        for channel, (azimuth, elevation, radius) in enumerate(
            [(12.0, 10.0, 0.02), (77.0, -10.0, 0.03), (-55.0, 0.0, 0.025), (-140.0, 30.0, 0.025), (150.0, 0.0, 0.04)]
        )
    ]
)
# Three drivers without a mirror image, whose two stages miss the group delay by a sample.
LOPSIDED = """name = "lopsided"
[cabinet]
shape = "sphere"
radius_m = 0.09
""" + "\n".join(
    f'[[driver]]\nname = "d{channel}"\nchannel = {channel}\nazimuth_deg = {azimuth}\nradius_m = 0.02'
    for channel, azimuth in enumerate((10.0, 80.0, -60.0))
)
